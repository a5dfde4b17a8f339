from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from chalicelib.core.definitions.model import Goto, StepContext
from chalicelib.core.values.errors import StepError
from chalicelib.steps.choice import ChoiceStep

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


def context(*choices: tuple[bool, str], default: str | None = None) -> StepContext:
    return StepContext("what came in", NOW, choices=choices, default=default)


def test_it_goes_where_the_first_choice_that_holds_leads() -> None:
    assert ChoiceStep().run({}, context((False, "a"), (True, "b"), (True, "c"), default="d")) == Goto("b")


def test_choices_behind_one_that_holds_are_not_looked_at() -> None:
    def choices() -> Iterator[tuple[bool, str]]:
        yield True, "a"
        pytest.fail("the second choice was asked for")

    assert ChoiceStep().run({}, StepContext(None, NOW, choices=choices())) == Goto("a")


def test_it_goes_to_the_default_if_none_holds() -> None:
    assert ChoiceStep().run({}, context((False, "a"), default="d")) == Goto("d")


def test_without_a_default_it_fails_if_none_holds() -> None:
    with pytest.raises(StepError, match="none of the choices is true, and there is no default") as raised:
        ChoiceStep().run({}, context((False, "a"), (False, "b")))
    assert raised.value.name == "NoChoice"
