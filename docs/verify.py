"""Checks a bundle that 'pricetrail export' made, on a machine without pricetrail.

It needs Python 3.10 or newer and its standard library, and for signatures the command 'openssl', version 3.

    python3 verify.py evidence.zip --key 86087532761e02e5...

Exit codes: 0 everything holds, 1 something does not, 2 that is no bundle, 3 nothing is wrong but not all was checked.

What it checks: every entry of the ledger is in its one spelling, follows the one before by its SHA-256, and is signed
by the key in force, which only the key before it can have named; every manifest is what an entry named; every
release is made of files of its run, whose gates passed; no channel was pointed at one that was in quarantine; every
receipt leads to a root that an entry signed; every artifact that came along has the SHA-256 of its name; nothing else
came along. docs/ledger.md says what that proves and what it does not.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

HOLDS, FAULTY, NO_BUNDLE, INCOMPLETE = 0, 1, 2, 3
TYPE = "pricetrail/bundle/v1"
PAYLOAD = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:pricetrail:ledger-entry:1"
ENTRY = re.compile(r"ledger/([0-9]{9})\.json")
SPKI = bytes.fromhex("302a300506032b6570032100")
FIELDS = {"number", "previous", "kind", "body", "links", "who", "when", "host", "nonce"}
KEYED = {"genesis", "rotation"}
BROKEN = (KeyError, TypeError, ValueError, AttributeError, OSError, EOFError, struct.error, zlib.error)


class Fault(Exception):
    """What does not hold, in words."""


class Report:
    """What was found on the way, told as it is found."""

    def __init__(self, quiet: bool) -> None:
        self.faults, self.unchecked, self.quiet = 0, [], quiet

    def say(self, text: str) -> None:
        if not self.quiet:
            sys.stdout.write(text + "\n")

    def fault(self, place: str, text: str) -> None:
        self.faults += 1
        sys.stdout.write(f"FAULT {place}: {text}\n")

    def skip(self, text: str) -> None:
        if text not in self.unchecked:
            self.unchecked.append(text)
            sys.stdout.write(f"NOT CHECKED {text}\n")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def canonical(value: object) -> bytes:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def opened(content: bytes) -> tuple:
    """The payload of an envelope, who signed it and how; the envelope has one spelling only."""
    try:
        value = json.loads(content)
        payload = base64.b64decode(value["payload"], validate=True)
        signed = value["signatures"][0] if value["signatures"] else None
        signature = base64.b64decode(signed["sig"], validate=True) if signed else b""
        again = {"payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD, "signatures": []}
        if signed:
            again["signatures"] = [{"keyid": signed["keyid"], "sig": base64.b64encode(signature).decode()}]
        if canonical(again) == content:
            return payload, signed and signed["keyid"], signature
    except (ValueError, KeyError, TypeError, IndexError):
        pass
    raise Fault("it is no DSSE envelope in its one spelling: it was cut or changed")


def stated(number: int, payload: bytes) -> tuple:
    """The fields of the entry of that number, and the digests that it is about."""
    try:
        statement = json.loads(payload)
        fields = statement["predicate"]
        about = [(each["name"], each["digest"]["sha256"]) for each in statement["subject"]]
        if (statement["_type"], statement["predicateType"]) != (STATEMENT, PREDICATE) or set(
            fields
        ) != FIELDS:
            raise Fault("it is no ledger entry of this format")
    except (ValueError, KeyError, TypeError):
        raise Fault("its payload is no in-toto statement") from None
    if fields["number"] != number:
        raise Fault(f"it is entry {fields['number']}: it was moved or replayed")
    objects = [digest for name, digest in about if name != "body"]
    if not objects and [digest for _, digest in about] != [sha256(canonical(fields["body"]))]:
        raise Fault("it is not about its own body")
    return fields, objects


class Openssl:
    """Ed25519 by the command of that name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.command = folder, shutil.which("openssl")
        words = [self.command or "", "version"]
        said = (
            subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) if self.command else None
        )
        self.works = said is not None and re.match(rb"OpenSSL [3-9]", said.stdout) is not None

    def fits(self, public: bytes, signature: bytes, payload: bytes) -> bool:
        kind = PAYLOAD.encode()
        message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
        files = {"key.der": SPKI + public, "signature": signature, "message": message}
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        words = [self.command, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin"]
        for option, name in (("-inkey", "key.der"), ("-in", "message"), ("-sigfile", "signature")):
            words += [option, str(self.folder / name)]
        return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class Ledger:
    """The entries of a bundle, each behind the one before."""

    def __init__(self, files: dict, openssl: Openssl, report: Report) -> None:
        self.openssl, self.report = openssl, report
        self.entries, self.keys, self.newest = [], {}, {}
        self.before, self.last, self.unsigned = None, 0, 0
        numbers = sorted(int(found[1]) for found in map(ENTRY.fullmatch, files) if found)
        if not numbers:
            report.fault("ledger/", "there is no entry")
        expected = 1
        for number in numbers:
            name = f"ledger/{number:09}.json"
            if number != expected:
                report.fault(f"ledger/{expected:09}.json", f"it is missing, up to entry {number - 1}")
                self.before = self.newest = None
            self.take(name, number, files[name])
            self.last, expected = number, number + 1

    def take(self, name: str, number: int, content: bytes) -> None:
        digest = sha256(content)
        try:
            payload, signer, signature = opened(content)
            fields, objects = stated(number, payload)
            self.signed(fields, payload, signer, signature)
            self.follows(fields)
        except (Fault, *BROKEN) as fault:
            self.report.fault(name, str(fault) if isinstance(fault, Fault) else f"it is no entry: {fault!r}")
            self.newest = None
        else:
            entry = {**fields, "objects": objects, "digest": digest, "name": name}
            self.entries.append(entry)
            self.newest = {**fields["links"], **dict.fromkeys(self.topics(fields), number)}
        self.before = digest

    def signed(self, fields: dict, payload: bytes, signer: object, signature: bytes) -> None:
        at = fields["links"].get("key", 0)
        if fields["number"] == 1:
            public = self.named(fields)
        elif at in self.keys:
            public = self.keys[at]
        else:
            raise Fault(f"it rests on the key of entry {at}, which does not hold")
        if public is None and signer is None:
            self.unsigned += 1
        elif public is None or signer != sha256(public):
            raise Fault("it is not signed by the key in force")
        elif not self.openssl.works:
            self.report.skip("signatures: the command 'openssl', version 3 or newer, is needed for them")
        elif not self.openssl.fits(public, signature, payload):
            raise Fault("its signature does not fit the key in force")
        if fields["kind"] in KEYED:
            self.keys[fields["number"]] = self.named(fields)

    def follows(self, fields: dict) -> None:
        number = fields["number"]
        if (number == 1) != (fields["kind"] == "genesis"):
            raise Fault("the first entry, and no other, is the genesis")
        if self.before is not None and fields["previous"] != self.before:
            raise Fault(f"it was not written behind the entry {number - 1} that is here")
        if self.newest is not None and fields["links"] != self.newest:
            raise Fault("its links are not to the newest entries before it")

    @staticmethod
    def topics(fields: dict) -> set:
        topics = {fields["kind"]}
        if "channel" in fields["body"]:
            topics.add(f"channel/{fields['body']['channel']}")
        return topics | {"key"} if fields["kind"] in KEYED else topics

    @staticmethod
    def named(fields: dict) -> object:
        text = fields["body"].get("public")
        return None if text is None else base64.b64decode(text)


def objects(files: dict, ledger: Ledger, report: Report) -> dict:
    """Every manifest that an entry names, by id."""
    found = {}
    for entry in ledger.entries:
        for id in entry["objects"]:
            name = f"objects/{id}.json"
            if name not in files:
                report.fault(name, f"it is missing; entry {entry['number']} names it")
            elif sha256(files[name]) != id:
                report.fault(name, f"it is not what entry {entry['number']} named")
            elif id not in found and entry["kind"] in ("run", "release"):
                found[id] = json.loads(files[name])
    return found


def releases(ledger: Ledger, manifests: dict, report: Report) -> None:
    """Each release is made of its run's files, and each channel points at releases whose gates passed."""
    passed = set()
    for entry in ledger.entries:
        place, id = f"{entry['kind']} of entry {entry['number']}", next(iter(entry["objects"]), None)
        if entry["kind"] == "release" and id in manifests:
            made, run = manifests[id], manifests.get(manifests[id].get("run"))
            artifacts = run["artifacts"] if run else []
            if run is None:
                report.fault(place, "its run is not recorded")
            elif run["outcome"] != "passed" or any(each not in artifacts for each in made["files"]):
                report.fault(place, "it is not made of the files of a run that passed")
            elif set(made["gates"].values()) != {"passed"} or made["gates"] != run["gates"]:
                report.fault(place, "its gates did not pass")
            else:
                passed.add(id)
        elif entry["kind"] in ("promotion", "rollback") and entry["body"]["release"] not in passed:
            report.fault(place, "it points at no release that passed its gates and was recorded before it")


def quarantines(ledger: Ledger, report: Report) -> None:
    """No channel was pointed at a release while it was in quarantine."""
    inside = set()
    for entry in ledger.entries:
        if entry["kind"] == "quarantine":
            inside.update(entry["body"]["releases"])
        elif entry["kind"] == "clearance":
            inside.difference_update(entry["body"]["releases"])
        elif entry["kind"] in ("promotion", "rollback") and entry["body"]["release"] in inside:
            place = f"{entry['kind']} of entry {entry['number']}"
            report.fault(place, "it points at a release that was in quarantine")


def receipts(files: dict, ledger: Ledger, report: Report) -> int:
    """Every receipt leads to the root in an entry; how many do."""
    gone = {
        name for entry in ledger.entries if entry["kind"] == "forgotten" for name in entry["body"]["segments"]
    }
    count = 0
    for entry in ledger.entries:
        for said in entry["body"]["segments"] if entry["kind"] == "receipts" else ():
            if said["segment"] in gone:
                continue
            try:
                count += segment(files, said)
            except (Fault, *BROKEN) as fault:
                report.fault(
                    f"receipts/sealed/{said['segment']}", f"{fault} (sealed by entry {entry['number']})"
                )
    return count


def segment(files: dict, said: dict) -> int:
    base = f"receipts/sealed/{said['segment']}"
    for kind, digest in (("jsonl.gz", said["file"]), ("json", said["summary"])):
        if sha256(files.get(f"{base}.{kind}", b"")) != digest:
            raise Fault(f"{kind} is missing, or is not what was sealed")
    order = files.get(f"{base}.order.gz", b"")
    if sha256(order) != json.loads(files[f"{base}.json"])["order"]:
        raise Fault("order.gz is missing, or is not what was sealed")
    places = struct.unpack(f"<{said['count']}I", gzip.decompress(order))
    lines = gzip.decompress(files[f"{base}.jsonl.gz"]).split(b"\n")[:-1]
    if (
        len(lines) != len(places)
        or root([line for _, line in sorted(zip(places, lines, strict=True))]) != said["root"]
    ):
        raise Fault("its receipts do not lead to the root that was signed")
    return len(lines)


def root(receipts: list) -> str:
    """The Merkle root of RFC 9162: leaves and nodes are hashed behind a byte of zero and of one."""
    level = [hashlib.sha256(b"\x00" + each).digest() for each in receipts] or [hashlib.sha256().digest()]
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [hashlib.sha256(b"\x01" + a + b).digest() for a, b in pairs] + odd
    return level[0].hex()


def named(ledger: Ledger, manifests: dict) -> dict:
    """Every file that a run read or made: its path, and the entry that names it first, by SHA-256."""
    found = {}
    for entry in ledger.entries:
        run = manifests.get(next(iter(entry["objects"]), ""), {}) if entry["kind"] == "run" else {}
        sides = list(run.get("artifacts", ()))
        sides += [each for values in run.get("sources", {}).values() for each in values]
        sides += [each for kept in run.get("records", {}).values() for each in kept["inputs"]]
        sides += [{"path": path, "sha256": digest} for path, digest in run.get("pipeline", {}).items()]
        for each in sides:
            found.setdefault(each["sha256"], (each["path"], entry["number"]))
    return found


def artifacts(files: dict, known: dict, report: Report) -> int:
    """The bytes that came along, if any did; how many."""
    here = {
        name.partition("/")[2]: content for name, content in files.items() if name.startswith("artifacts/")
    }
    for digest, content in here.items():
        if sha256(content) != digest:
            path, number = known.get(digest, ("a file", "no entry"))
            report.fault(
                f"artifacts/{digest}", f"its bytes are not those of {path} that entry {number} names"
            )
        elif digest not in known:
            report.fault(f"artifacts/{digest}", "no run in the ledger names it")
    return len(here)


def trusted(options: argparse.Namespace, files: dict, ledger: Ledger, report: Report) -> None:
    """Whether it is the ledger that was meant, and holds what somebody has seen in it before."""
    begins = sha256(ledger.keys[1]) if ledger.keys.get(1) else None
    if options.key and not (len(options.key) >= 16 and str(begins).startswith(options.key)):
        report.fault("ledger/000000001.json", f"it begins with the key {begins}, and not with {options.key}")
    if not options.key:
        report.skip(
            f"whose ledger it is: give --key as its owner told it to you; this one begins with {begins}"
        )
    here = any(entry["digest"].startswith(options.seen or "") for entry in ledger.entries)
    if options.seen is not None and not (len(options.seen) >= 12 and here):
        report.fault(
            "ledger/", f"the entry {options.seen} that was seen before is not in it: it was cut or replaced"
        )
    public = ledger.keys.get(1)
    if public and files.get("ledger.pub", pem(public)) != pem(public):
        report.fault("ledger.pub", "it is not the key that the ledger begins with, as it is written")
    noted(files, ledger, report)


def noted(files: dict, ledger: Ledger, report: Report) -> None:
    """Whether the bundle has as many entries as were put in."""
    try:
        note = json.loads(files["bundle.json"])
        if note["head"]["digest"] != ledger.before:
            words = f"it was made of {note['head']['number']} entries: entries were cut off the end"
            report.fault("bundle.json", words)
        elif (
            canonical({"head": {"digest": ledger.before, "number": ledger.last}, "type": TYPE})
            != files["bundle.json"]
        ):
            report.fault("bundle.json", "it is not in its one spelling: it was changed")
    except (KeyError, TypeError):
        report.fault("bundle.json", "it names no newest entry")


def pem(public: bytes) -> bytes:
    return b"-----BEGIN PUBLIC KEY-----\n%b\n-----END PUBLIC KEY-----\n" % base64.b64encode(SPKI + public)


def strays(files: dict, ledger: Ledger, report: Report) -> None:
    """Whether there is anything that the ledger does not name."""
    known = {"bundle.json", "ledger.pub", *(entry["name"] for entry in ledger.entries)}
    for entry in ledger.entries:
        known |= {f"objects/{id}.json" for id in entry["objects"]}
        for said in entry["body"]["segments"] if entry["kind"] == "receipts" else ():
            known |= {
                f"receipts/sealed/{said['segment']}.{kind}" for kind in ("jsonl.gz", "order.gz", "json")
            }
    for name in sorted(set(files) - known):
        if not name.startswith("artifacts/"):
            report.fault(name, "no entry of the ledger names it")


def check(options: argparse.Namespace, files: dict) -> int:
    report = Report(options.quiet)
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(files, Openssl(Path(folder)), report)
    trusted(options, files, ledger, report)
    manifests = objects(files, ledger, report)
    releases(ledger, manifests, report)
    quarantines(ledger, report)
    count, known = receipts(files, ledger, report), named(ledger, manifests)
    here = artifacts(files, known, report)
    if not report.faults:
        strays(files, ledger, report)
    for path in options.file:
        place, number = known.get(sha256(Path(path).read_bytes()), (None, None))
        if place is None:
            report.fault(path, "no run in the ledger names these bytes")
        else:
            report.say(f"{path} is {place}, first named by entry {number}")
    if ledger.unsigned:
        report.skip(f"who wrote {ledger.unsigned} entries: they are UNSIGNED")
    report.say(
        f"{len(ledger.entries)} entries, {len(manifests)} runs and releases, {count} receipts, {here} artifacts."
    )
    return conclude(report, ledger)


def conclude(report: Report, ledger: Ledger) -> int:
    head = ledger.entries[-1] if ledger.entries else {"number": 0, "digest": "", "when": ""}
    if report.faults:
        report.say(f"DOES NOT HOLD: {report.faults} faults.")
        return FAULTY
    report.say(f"Holds up to entry {head['number']}, {head['digest']}, {head['when']}.")
    return INCOMPLETE if report.unchecked else HOLDS


def read(path: str) -> dict:
    """Every file of a bundle, by name.

    Raises:
        ValueError: it is none.
    """
    with zipfile.ZipFile(path) as bundle:
        if len(set(bundle.namelist())) != len(bundle.namelist()):
            raise ValueError("a name is in it twice")
        files = {name: bundle.read(name) for name in bundle.namelist()}
    if json.loads(files["bundle.json"])["type"] != TYPE:
        raise ValueError("it is of another type")
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description="Check a bundle of pricetrail's. See the head of this file.")
    parser.add_argument("bundle", help="the zip that 'pricetrail export' made")
    parser.add_argument("--key", help="the id of the key that the ledger must begin with, 16 digits at least")
    parser.add_argument(
        "--seen",
        help="the SHA-256 of an entry that was seen before, and must still be there, 12 digits at least",
    )
    parser.add_argument("--file", action="append", default=[], help="a file: which run named its bytes?")
    parser.add_argument("--quiet", action="store_true", help="say only what does not hold")
    options = parser.parse_args()
    if absent := [path for path in options.file if not Path(path).is_file()]:
        parser.error(f"there is no file {absent[0]}")
    try:
        files = read(options.bundle)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"{options.bundle} is no bundle that can be read: {error}\n")
        return NO_BUNDLE
    return check(options, files)


if __name__ == "__main__":
    sys.exit(main())
