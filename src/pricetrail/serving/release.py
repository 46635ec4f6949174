"""A release as it serves: its files, whose digests were checked before anything was parsed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pricetrail.errors import ArtifactMissing, ResponseInvalid, translating
from pricetrail.lineage import canonical
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.entry import Entry
from pricetrail.pricing.response import Product, Responses
from pricetrail.serving.vault import Vault

if TYPE_CHECKING:
    from pricetrail.serving.forecast import Forecaster

RESPONSE = "models/price_response/response.json"


@dataclass(frozen=True)
class Release:
    """What answers.

    Attributes:
        id: the SHA-256 of its manifest.
        entry: recorded it, under a signature.
        files: the bytes of each of its files, by path.
    """

    id: str
    manifest: Mapping[str, Any]
    entry: Entry
    files: Mapping[str, bytes]

    @classmethod
    def load(cls, id: str, vault: Vault) -> Release:
        """Load a release whole.

        Raises:
            LineageError: its signature or a digest does not fit, or something of it is missing.
            ResponseInvalid: its response to price cannot be priced from.
        """
        entry, manifest = vault.entry(id), vault.manifest(id)
        files = {each["path"]: vault.file(Artifact.from_dict(each)) for each in manifest["files"]}
        found = cls(id, manifest, entry, files)
        found.responses  # noqa: B018  what cannot be priced from must not come to serve
        return found

    @cached_property
    def responses(self) -> Responses:
        """How each product's demand answers to its price."""
        return Responses.from_json(self.json(RESPONSE), name=RESPONSE)

    @cached_property
    def _inputs(self) -> dict[tuple[str, str | None], str]:
        return {}

    @cached_property
    def forecaster(self) -> Forecaster:
        """Its order-quantity models. ONNX Runtime comes with the first forecast: prices need none."""
        from pricetrail.serving.forecast import Forecaster

        return Forecaster(self.file, self.json)

    def inputs(self, product: Product) -> str:
        """The SHA-256 of all that is known of a product."""
        place = product.stockcode, product.store
        if place not in self._inputs:
            known = {"deep_from": self.responses.deep_from, **product.model_dump(mode="json")}
            self._inputs[place] = canonical.digest(canonical.dumps(known))
        return self._inputs[place]

    def file(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            ArtifactMissing: the release holds no such file.
        """
        if path not in self.files:
            raise ArtifactMissing(f"The release {self.id[:12]} holds no {path}; it was made without it.")
        return self.files[path]

    def json(self, path: str) -> Any:
        """A file's value."""
        with translating({ValueError: ResponseInvalid}, f"{path} of the release {self.id[:12]} is not JSON."):
            return json.loads(self.file(path))
