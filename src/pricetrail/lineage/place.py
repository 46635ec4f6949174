"""Where a shop keeps its ledger, and with which keys: ``params.yaml``, ``ledger.pub`` and ``.pricetrail/keys``."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm

from pricetrail import params
from pricetrail.errors import KeyMissing, UsageError, translating
from pricetrail.files import writing
from pricetrail.lineage import keys
from pricetrail.lineage.canonical import digest
from pricetrail.lineage.keys import Keyring
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.store import FolderStore, Store, open_store

KEYS = Path(".pricetrail/keys")
ANCHOR = "ledger.pub"


def store(root: Path) -> Store:
    """The store that a shop's settings name; a path is taken from the shop's folder."""
    settings = params.load(root / "params.yaml").ledger
    here = "://" not in settings.url
    return open_store(root / settings.url if here else settings.url, settings.endpoint, settings.encryption)


def remote(root: Path) -> Store:
    """The store that a shop shares with other machines: where its ledger lies, and DVC's bytes and git's too.

    Raises:
        UsageError: the ledger lies in the shop itself.
    """
    if not shared(root):
        raise UsageError(f"{root} has no remote. Name one with 'pricetrail remote set s3://bucket/prefix'.")
    return store(root)


def shared(root: Path) -> bool:
    """Whether the ledger lies outside of the shop."""
    url = params.load(root / "params.yaml").ledger.url
    return "://" in url or not (root / url).resolve().is_relative_to(root.resolve())


def ledger(root: Path) -> Ledger:
    """A shop's ledger, which must have begun with the key in ``ledger.pub`` where the shop has one."""
    if not signed(root):
        return Ledger(store(root), witness=witness(root))
    return Ledger(store(root), keyring(root), trust=anchor(root), witness=witness(root))


def witness(root: Path) -> Store:
    """Where this clone notes the newest entry that it wrote: entries that are cut off later are missed there."""
    return FolderStore(root / KEYS.parent)


def signed(root: Path) -> bool:
    """Whether a shop's settings say that its ledger is signed."""
    return params.load(root / "params.yaml").ledger.signed


def keyring(root: Path) -> Keyring:
    """The private keys of a shop, which lie outside of git and DVC, or come from the environment."""
    return Keyring.of(root / KEYS)


def begin(root: Path) -> str:
    """Make a new shop's key, unless the environment gives one, and lay its public half where git keeps it."""
    key = keyring(root).first()
    with writing(root / ANCHOR) as draft:
        draft.write_bytes(keys.pem(key.public))
    return key.id


def anchor(root: Path) -> str | None:
    """The id of the key that the shop's ledger begins with; None in a shop that does not say.

    Raises:
        KeyMissing: ``ledger.pub`` is no public key.
    """
    path = root / ANCHOR
    if not path.exists():
        return None
    theirs: dict[type[Exception], type[KeyMissing]] = {
        ValueError: KeyMissing,
        OSError: KeyMissing,
        UnsupportedAlgorithm: KeyMissing,
    }
    with translating(theirs, f"{path} holds no public Ed25519 key in PEM form"):
        return digest(keys.public(path.read_bytes()))
