from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from chalicelib.core import model
from chalicelib.core.evolve import evolve
from chalicelib.core.model import Driver, Status
from tests.core.examples import NOW, Run

KINDS = [kind for kind in vars(model).values() if is_dataclass(kind)]


def test_it_changes_what_it_is_told_and_leaves_the_original_alone() -> None:
    thread = Run("steps: [{id: a, type: echo, message: b}]").thread()
    before = replace(thread)
    changes: dict[str, Any] = {"turn": 7, "status": Status.OVER, "driver": Driver("m", "r"), "until": NOW}
    assert evolve(thread, **changes) == replace(thread, **changes)
    assert thread == before


def test_a_copy_is_as_comparable_as_the_original() -> None:
    driver = evolve(Driver("m", "r"), handed=True)
    assert (driver, hash(driver), repr(driver)) == (made := Driver("m", "r", handed=True), hash(made), repr(made))


def test_a_member_may_have_the_name_of_anything() -> None:
    letter = model.Letter("1", "paid", NOW, value=3)
    assert evolve(letter, value=4) == replace(letter, value=4)


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_of_the_model_can_be_copied(kind: Any) -> None:
    value = object.__new__(kind)
    for field in fields(kind):
        object.__setattr__(value, field.name, None)
    assert evolve(value) == value
