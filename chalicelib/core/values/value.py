"""Values: classes of named members that cold starts, and every step, can afford.

They are dataclasses. :mod:`dataclasses` compiles every method anew for each class, half a millisecond of them; here all
classes share those that compare, hash and show their instances, and a constructor is compiled for its first instance:
nine of ten are not needed before a function is ready. They are frozen to the type checker alone: what would hold them
at run time sets each member by a call of its own.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

__all__ = ["copy_with", "value"]

T = TypeVar("T")


def _equals(self: Any, other: Any) -> bool:  # noqa: ANN401 - instances of any of the classes
    if other.__class__ is not self.__class__:
        return False
    return all(getattr(self, name) == getattr(other, name) for name in self.__compared__)


def _hash(self: Any) -> int:  # noqa: ANN401 - the same
    return hash(tuple(getattr(self, name) for name in self.__compared__))


def _shown(self: Any) -> str:  # noqa: ANN401 - the same
    members = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__shown__)
    return f"{self.__class__.__qualname__}({members})"


def _first(self: Any, *members: Any, **named: Any) -> None:  # noqa: ANN401 - the same
    """Make the constructor of the class, and call it."""
    cls: Any = next(each for each in type(self).__mro__ if "__init__" in each.__dict__)
    cls.__init__ = _constructor(cls)
    self.__init__(*members, **named)


def _constructor(cls: Any) -> Any:  # noqa: ANN401 - a class, and its method
    members = [(field.name, field.type, field) for field in dataclasses.fields(cls)]
    after = {"__post_init__": cls.__post_init__} if hasattr(cls, "__post_init__") else {}
    namespace = {"__doc__": cls.__doc__, **after}
    return vars(dataclasses.make_dataclass(cls.__name__, members, namespace=namespace, eq=False, repr=False))[
        "__init__"
    ]


@overload
def value(cls: type[T], /) -> type[T]: ...
@overload
def value(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def value(cls: Any = None, /, *, kw_only: bool = False) -> Any:
    """Make a class one of values: its annotated members, with defaults as those of a dataclass."""

    def made(cls: Any) -> Any:  # noqa: ANN401 - a class
        found: Any = dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=kw_only)(cls)
        fields = found.__dataclass_fields__.values()
        found.__compared__ = tuple(field.name for field in fields if field.compare)
        found.__shown__ = tuple(field.name for field in fields if field.repr)
        found.__init__ = _first
        found.__eq__ = _equals
        found.__hash__ = _hash
        if "__repr__" not in cls.__dict__:
            found.__repr__ = _shown
        return found

    return made if cls is None else made(cls)


if TYPE_CHECKING:
    from dataclasses import replace as copy_with  # mypy checks the names and types of what is changed
else:

    def copy_with(original: T, /, **changes: Any) -> T:  # noqa: ANN401 - checked as ``replace`` is, see above
        """Copy a value, with other members.

        It does what :func:`dataclasses.replace` does at a sixth of the cost: that calls the constructor with every
        member. A decision makes several such copies of a thread and of its execution.

        Raises:
            TypeError: the value has no such member.
        """
        copy = object.__new__(type(original))
        copy.__dict__ = members = original.__dict__ | changes
        if len(members) != len(original.__dict__):
            unknown = sorted(changes.keys() - original.__dict__.keys())
            raise TypeError(f"{type(original).__qualname__} has no {', '.join(unknown)}")
        return copy
