from dataclasses import field, fields, is_dataclass
from typing import Any

import pytest

from chalicelib.core.executions import model
from chalicelib.core.executions.model import Driver, Status
from chalicelib.core.values.value import copy_with, value
from tests.core.examples import NOW, Run

KINDS = [kind for kind in vars(model).values() if is_dataclass(kind)]


@value
class Point:
    x: int
    y: int = 0
    note: str = field(default="", compare=False, repr=False)


@value
class Other(Point):
    z: int = 0


@value(kw_only=True)
class Pair:
    left: int
    right: int


@value
class Named:
    name: str

    def __repr__(self) -> str:
        return "somebody"


def test_instances_are_equal_if_they_are_of_one_class_and_what_is_compared_is() -> None:
    assert Point(1) == Point(1, 0, "noted")
    assert Point(1) != Point(2)
    assert Point(1) != Other(1)
    assert Other(1, z=1) != Other(1)
    assert Point(1) != 1


def test_they_have_a_hash_of_what_is_compared() -> None:
    assert len({Point(1), Point(1, note="noted"), Point(2)}) == 2


def test_they_are_shown_as_they_are_made() -> None:
    assert repr(Other(1, note="noted", z=2)) == "Other(x=1, y=0, z=2)"
    assert repr(Named("ada")) == "somebody"


def test_members_may_be_given_by_name_only() -> None:
    assert Pair(left=1, right=2) == copy_with(Pair(left=1, right=0), right=2)
    with pytest.raises(TypeError):
        Pair(1, 2)  # type: ignore[misc] # what is not to be


def test_they_are_dataclasses() -> None:
    assert [member.name for member in fields(Other)] == ["x", "y", "note", "z"]
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_a_copy_has_what_it_is_told_and_leaves_the_original_alone() -> None:
    thread = Run("steps: [{id: a, type: echo, message: b}]").thread()
    before = dict(vars(thread))
    changes: dict[str, Any] = {"turn": 7, "status": Status.OVER, "driver": Driver("m", "r"), "deadline": NOW}
    assert vars(copy_with(thread, **changes)) == before | changes
    assert vars(thread) == before


def test_a_copy_is_as_comparable_as_the_original() -> None:
    driver = copy_with(Driver("m", "r"), handed=True)
    made = Driver("m", "r", handed=True)
    assert (driver, hash(driver), repr(driver)) == (made, hash(made), repr(made))


def test_a_copy_with_an_unknown_member_is_refused() -> None:
    with pytest.raises(TypeError, match="Point has no w, z"):
        copy_with(Point(1), z=1, w=2, y=3)  # type: ignore[call-arg] # what is not to be


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_of_the_model_can_be_copied(kind: Any) -> None:
    blank = object.__new__(kind)
    for member in fields(kind):
        object.__setattr__(blank, member.name, None)
    assert copy_with(blank) == blank


def test_the_constructor_of_a_class_is_made_for_its_first_instance() -> None:
    @value
    class Basket:
        items: list[int] = field(default_factory=list)
        total: int = 0

        def __post_init__(self) -> None:
            self.items.append(self.total)

    class Below(Basket):
        """One of its kind."""

    waiting = Basket.__init__
    assert (Below(total=1).items, Basket([2], 3).items) == ([1], [2, 3])
    assert Basket.__init__ is not waiting
    assert Below.__init__ is Basket.__init__
    with pytest.raises(TypeError, match=r"Basket.__init__\(\) got an unexpected keyword argument 'sum'"):
        Basket(sum=1)  # type: ignore[call-arg] # what is not to be
