"""Where the ledger, manifests and receipts lie: a folder, S3, or any other place that fsspec reaches."""

from __future__ import annotations

from pathlib import Path

from pricetrail.lineage.store.folder import FolderStore
from pricetrail.lineage.store.protocol import Store
from pricetrail.lineage.store.remote import RemoteStore
from pricetrail.lineage.store.s3 import S3Store

__all__ = ["FolderStore", "RemoteStore", "S3Store", "Store", "open_store"]


def open_store(url: str | Path, endpoint: str | None = None, encryption: str | None = None) -> Store:
    """The store at a folder's path or a URL. Nothing is read or written yet.

    Args:
        url: a path, ``s3://bucket/prefix``, or any other URL that an installed fsspec file system answers to.
        endpoint: the address of a server that speaks S3's protocol, when it is not Amazon's own.
        encryption: how S3 is to encrypt what it is given: ``AES256``, ``aws:kms`` or ``aws:kms:KEY``.
    """
    text = str(url)
    if "://" not in text or text.startswith("file://"):
        return FolderStore(Path(text.removeprefix("file://")))
    return S3Store(text, endpoint, encryption) if text.startswith("s3://") else RemoteStore(text)
