"""What decides the last bits of a result beside what goes into it: code, packages, and the kind of processor."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache

from pricetrail.lineage import canonical, modules
from pricetrail.lineage.environment import environment


@dataclass(frozen=True, slots=True)
class Kind:
    """A process by the digests of its code, its packages and its machine."""

    code: str
    packages: str
    machine: str

    def unlike(self, other: Kind) -> list[str]:
        """In what the two differ."""
        here, there = asdict(self), asdict(other)
        return [name for name, digest in here.items() if there[name] != digest]


@cache
def own() -> Kind:
    """This process's."""
    found = environment()
    cpu = {name: found["cpu"][name] for name in ("model", "features")}
    graphics = found.get("gpu", {}).get("model")
    return Kind(
        code=_digest(modules.everything()),
        packages=_digest([found["implementation"], found["python"], found["packages"]]),
        machine=_digest([found["platform"], found["libc"], cpu, graphics]),
    )


def _digest(value: object) -> str:
    return canonical.digest(canonical.dumps(value))
