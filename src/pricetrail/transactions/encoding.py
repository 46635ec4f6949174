"""Which encoding the bytes of a text file are in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from pricetrail.errors import SourceUnreadable

BLOCK = 1 << 20
SAMPLE = 1 << 16
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CANDIDATES = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "euc_jp", "gb18030", "big5", "cp949"]
# What Western text hardly holds once decoded: a sign inside a word, or three accented letters in a row.
FOREIGN = re.compile(r"[^\W\d_][¡-¿\u00d7\u00f7][^\W\d_]|[À-ÖØ-öø-ÿŒœŠšŽžŸƒ]{3}")


def detect(stream: BinaryIO, name: str) -> str:
    """Name the encoding of a text file: a byte order mark decides, else UTF-8 where every byte fits it.

    Otherwise Windows-1252 (a superset of Latin-1) unless the text would look foreign in it; then what
    charset-normalizer makes of the lines that are not plain ASCII.

    Args:
        stream: the file, at its start.
        name: what to call the file in an error.

    Raises:
        SourceUnreadable: the bytes are not text, or in no encoding that is known.
    """
    head = stream.read(BLOCK)
    marked = next((encoding for mark, encoding in MARKS if head.startswith(mark)), None)
    if marked is None and b"\0" in head:
        marked = _wide(head, name)
    if marked is not None:
        return marked
    stream.seek(0)
    sample = _beyond_ascii(stream)
    return "utf-8" if sample is None else _guess(sample, name)


def _wide(head: bytes, name: str) -> str:
    """UTF-16 without a mark has its zeros on one side of every pair."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) / 5 and min(even, odd) < len(head) / 100:
        return "utf-16-be" if even > odd else "utf-16-le"
    raise SourceUnreadable(
        f"{name} is not a table: it holds bytes that no text has. Expected CSV, XLSX or Parquet, or one of "
        "them zipped."
    )


def _beyond_ascii(stream: BinaryIO) -> bytes | None:
    """None when all of the file is UTF-8; else a sample of its lines that are not plain ASCII."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in _blocks(stream):
            decoder.decode(block)
        decoder.decode(b"", final=True)
        return None
    except UnicodeDecodeError:
        stream.seek(0)
    sample = bytearray()
    for block in _blocks(stream):
        if len(sample) < SAMPLE:
            sample += b"\n".join(line for line in block.splitlines() if not line.isascii()) + b"\n"
    return bytes(sample[:SAMPLE])


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(BLOCK):
        yield block


def _guess(sample: bytes, name: str) -> str:
    from charset_normalizer import from_bytes

    try:
        if not FOREIGN.search(sample.decode("cp1252")):
            return "cp1252"
    except UnicodeDecodeError:
        pass
    found = {match.encoding: match for match in from_bytes(sample, cp_isolation=CANDIDATES)}
    if not found:
        raise SourceUnreadable(
            f"{name} is in no text encoding that is known. Save it as 'CSV UTF-8', or name its encoding as "
            "source.encoding in params.yaml (--encoding)."
        )
    best = min(found.values(), key=lambda match: (match.chaos, -match.coherence))
    western = found.get("cp1252")
    close = western is not None and western.chaos <= best.chaos and western.coherence >= best.coherence - 0.02
    return "cp1252" if close else best.encoding
