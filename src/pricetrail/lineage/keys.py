"""The keys that sign: Ed25519 (RFC 8032), known by the SHA-256 of the raw public key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pricetrail.errors import KeyMissing, StoreFailed, translating
from pricetrail.lineage.canonical import digest
from pricetrail.lineage.store.folder import FolderStore

TEXT = "PRICETRAIL_SIGNING_KEY"
FILE = "PRICETRAIL_SIGNING_KEY_FILE"


@dataclass(frozen=True, repr=False)
class Key:
    """A private key, which no message, log or ``repr`` ever shows."""

    private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"Key({self.id[:12]}…)"

    @property
    def public(self) -> bytes:
        """The raw public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        """The SHA-256 of the raw public key."""
        return digest(self.public)

    def sign(self, message: bytes) -> bytes:
        """The signature of the message, 64 bytes."""
        return self.private.sign(message)

    def pem(self) -> bytes:
        """The private key as PEM (PKCS #8): for the file that keeps it, and for nothing else."""
        return self.private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


def make() -> Key:
    """A new key."""
    return Key(Ed25519PrivateKey.generate())


def parse(pem: bytes, where: str) -> Key:
    """The private key in PEM text; ``where`` says in an error what was read.

    Raises:
        KeyMissing: it is no Ed25519 private key, or it is locked by a password.
    """
    theirs: dict[type[Exception], type[KeyMissing]] = {
        ValueError: KeyMissing,
        TypeError: KeyMissing,
        UnsupportedAlgorithm: KeyMissing,
    }
    with translating(theirs, f"{where} holds no Ed25519 private key in PEM form without a password"):
        private = form.load_pem_private_key(pem, password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyMissing(f"{where} holds a key of another kind; an Ed25519 key is needed.")
    return Key(private)


def pem(public: bytes) -> bytes:
    """A raw public key as PEM, in its one spelling."""
    key = Ed25519PublicKey.from_public_bytes(public)
    return key.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)


def public(pem: bytes) -> bytes:
    """The raw public key in PEM text.

    Raises:
        ValueError, UnsupportedAlgorithm: it holds none.
    """
    key = form.load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("a key of another kind")
    return key.public_bytes_raw()


def verified(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature of the message was made by the owner of the raw public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, repr=False)
class Keyring:
    """The private keys at hand: the one in the environment, and those in a folder outside of git, by id.

    The ledger says which key signs; the ring only finds it. So a rotation has no moment in which the two disagree.
    """

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path) -> Keyring:
        """The ring of a folder and of this process's environment."""
        return cls(folder, os.environ)

    def __repr__(self) -> str:
        return f"Keyring({str(self.folder)!r})"

    def given(self) -> Key | None:
        """The key that the environment names, if it names one."""
        if text := self.environment.get(TEXT):
            return parse(text.encode(), TEXT)
        if path := self.environment.get(FILE):
            with translating({OSError: KeyMissing}, f"The key file {path}, named by {FILE}, cannot be read"):
                return parse(Path(path).read_bytes(), path)
        return None

    def ids(self) -> list[str]:
        """The ids of every key at hand, in order."""
        given = self.given()
        kept = {path.stem for path in self.folder.glob("*.pem")}
        return sorted(kept | {given.id} if given else kept)

    def get(self, id: str) -> Key:
        """The key of that id.

        Raises:
            KeyMissing: it is not at hand.
        """
        given = self.given()
        if given is not None and given.id == id:
            return given
        path = self.folder / f"{id}.pem"
        if not path.is_file():
            raise KeyMissing(
                f"The key {id[:12]}… signs here and is not at hand: it is neither in {self.folder} nor in"
                f" {TEXT} or {FILE}. Bring it, or have its owner rotate to a key of yours."
            )
        key = parse(path.read_bytes(), str(path))
        if key.id != id:
            raise KeyMissing(f"{path} holds the key {key.id[:12]}… and not the one that it is named after.")
        return key

    def first(self) -> Key:
        """The key to begin a ledger with: the environment's, else the folder's only one, made if there is none.

        Raises:
            KeyMissing: the folder holds several.
        """
        if given := self.given():
            return given
        match self.ids():
            case []:
                return self.add(make())
            case [id]:
                return self.get(id)
        raise KeyMissing(f"{self.folder} holds several keys. Name the one to begin with in {FILE}.")

    def prepare(self) -> None:
        """Make the folder, for its owner's eyes alone and outside of git."""
        with translating({OSError: StoreFailed}, f"Keys cannot be kept in {self.folder}"):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.folder / ".gitignore").write_text("*\n")

    def add(self, key: Key) -> Key:
        """Keep a key in the folder, durably, for its owner's eyes alone."""
        self.prepare()
        FolderStore(self.folder, mode=0o600).create(f"{key.id}.pem", key.pem())
        return key
