"""Dataclasses that a cold start, and every step, can afford.

:mod:`dataclasses` compiles every method anew for each class, half a millisecond of them; here all classes share those
that compare, hash and show their instances. A hundred classes load in half the time: a tenth of a cold start is saved.

Frozen ones are frozen to the type checker alone: what would hold them at run time sets each member by a call of its own
as they are made, a fifth of the time of an immediate step.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]


def _equals(self: Any, other: Any) -> bool:  # noqa: ANN401 - instances of any of the classes
    if other.__class__ is not self.__class__:
        return False
    return all(getattr(self, name) == getattr(other, name) for name in self.__compared__)


def _hash(self: Any) -> int:  # noqa: ANN401 - the same
    return hash(tuple(getattr(self, name) for name in self.__compared__))


def _shown(self: Any) -> str:  # noqa: ANN401 - the same
    members = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__shown__)
    return f"{self.__class__.__qualname__}({members})"


if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen=False, repr=True, slots=False, kw_only=False):  # noqa: A002, ANN001, ANN201 - see above
        """Make a class a dataclass, with the options of the standard library's."""

        def made(cls):  # noqa: ANN001, ANN202 - the same
            found = dataclasses.dataclass(eq=False, repr=False, slots=slots, kw_only=kw_only)(cls)
            fields = found.__dataclass_fields__.values()
            found.__compared__ = tuple(each.name for each in fields if each.compare)
            found.__shown__ = tuple(each.name for each in fields if each.repr)
            found.__eq__ = _equals
            found.__hash__ = _hash if frozen else None
            if repr and "__repr__" not in cls.__dict__:
                found.__repr__ = _shown
            return found

        return made
