from dataclasses import field, fields, replace

import pytest

from chalicelib.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0
    note: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Other(Point):
    z: int = 0


@dataclass(slots=True)
class Growing:
    size: int = 0


@dataclass(frozen=True, repr=False)
class Silent:
    secret: str


def test_instances_are_equal_if_they_are_of_one_class_and_what_is_compared_is() -> None:
    assert Point(1) == Point(1, 0, "noted")
    assert Point(1) != Point(2)
    assert Point(1) != Other(1)
    assert Other(1, z=1) != Other(1)
    assert Point(1) != 1


def test_frozen_ones_have_a_hash_of_what_is_compared_and_others_have_none() -> None:
    assert len({Point(1), Point(1, note="noted"), Point(2)}) == 2
    with pytest.raises(TypeError):
        hash(Growing())


@dataclass(frozen=True)
class Named:
    name: str

    def __repr__(self) -> str:
        return "somebody"


def test_they_are_shown_as_they_are_made() -> None:
    assert repr(Other(1, note="noted", z=2)) == "Other(x=1, y=0, z=2)"
    assert "hidden" not in repr(Silent("hidden"))
    assert repr(Named("ada")) == "somebody"


def test_those_that_are_not_frozen_can_be_changed() -> None:
    growing = Growing()
    growing.size += 1
    assert growing == Growing(1)


def test_they_are_dataclasses() -> None:
    assert [each.name for each in fields(Other)] == ["x", "y", "note", "z"]
    assert replace(Point(1), y=2) == Point(1, 2)
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)
