from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.definitions.model import Sleep, StepContext
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json
from chalicelib.steps.wait import WaitStep

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
CONTEXT = StepContext("what came in", NOW)
SCHEMA = compile_schema(dict(WaitStep.schema))
CENTURY = 36_525 * 86_400


@pytest.mark.parametrize(
    ("seconds", "until"),
    [
        (0, NOW),
        (45, NOW + timedelta(seconds=45)),
        (1.5, NOW + timedelta(seconds=1, milliseconds=500)),
        (0.0019, NOW + timedelta(milliseconds=1)),
        (CENTURY, NOW + timedelta(days=36_525)),
    ],
)
def test_seconds_count_from_the_instant_of_the_turn_to_the_millisecond(seconds: float, until: datetime) -> None:
    assert SCHEMA.problems({"seconds": seconds}) == []
    assert WaitStep().run({"seconds": seconds}, CONTEXT) == Sleep(until, relative=True)


@pytest.mark.parametrize(
    ("until", "instant"),
    [
        ("2026-01-31T09:00:45Z", NOW + timedelta(seconds=45)),
        ("2026-01-31T10:00:45+01:00", NOW + timedelta(seconds=45)),
        ("2026-01-31T09:00:00.123456Z", NOW + timedelta(milliseconds=123)),
        ("1999-12-31T23:59:59Z", datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_it_sleeps_until_the_instant(until: str, instant: datetime) -> None:
    assert SCHEMA.problems({"until": until}) == []
    assert WaitStep().run({"until": until}, CONTEXT) == Sleep(instant)


@pytest.mark.parametrize(
    "until", ["tomorrow", "", "2026-01-31T09:00:00", "2026-02-30T09:00:00Z", "9999-12-31T23:59:59-01:00"]
)
def test_an_instant_that_cannot_be_read_fails_the_step_and_says_what_is_right(until: str) -> None:
    with pytest.raises(StepError, match="RFC 3339 text with an offset, like 2026-01-31T09:00:00Z") as raised:
        WaitStep().run({"until": until}, CONTEXT)
    assert raised.value.name == "StepFailed"
    assert repr(until) in str(raised.value)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"seconds": 1, "until": "2026-01-31T09:00:00Z"},
        {"seconds": -1},
        {"seconds": CENTURY + 1},
        {"seconds": "45"},
        {"seconds": True},
        {"until": "tomorrow"},
        {"until": 45},
        {"seconds": 1, "minutes": 1},
    ],
)
def test_parameters_that_do_not_fit_are_refused(params: Json) -> None:
    assert SCHEMA.problems(params)


@pytest.mark.parametrize(
    ("params", "odd"),
    [({"seconds": 0}, ["seconds"]), ({"seconds": 0.0}, ["seconds"]), ({"seconds": 1}, []), ({"until": "x"}, [])],
)
def test_a_wait_of_no_time_is_odd(params: dict[str, Json], odd: list[str]) -> None:
    assert [key for key, _ in WaitStep().remarks(params)] == odd
