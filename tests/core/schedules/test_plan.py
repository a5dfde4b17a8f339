"""The times of plans: cron expressions in time zones, and intervals."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from chalicelib.core.schedules.plan import Plan
from chalicelib.core.values.errors import InvalidError

NOW = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
BERLIN = "Europe/Berlin"
MINUTES = 60


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


def times(plan: Plan, start: str, count: int = 3) -> list[str]:
    """The times after an instant, in UTC."""
    return [f"{time:%Y-%m-%dT%H:%M}" for time in plan.following(plan.after(instant(start)), count)]


def test_a_cron_expression_names_minutes_in_a_zone() -> None:
    plan = Plan("30 9 * * MON-FRI", "America/New_York")
    assert times(plan, "2026-01-30T14:30", 2) == ["2026-02-02T14:30", "2026-02-03T14:30"]
    assert times(Plan("*/20 * * * *"), "2026-01-01T00:00:00.500") == [
        "2026-01-01T00:20",
        "2026-01-01T00:40",
        "2026-01-01T01:00",
    ]


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("PT15M", ["2026-01-31T09:15", "2026-01-31T09:30", "2026-01-31T09:45"]),
        ("PT1H30M", ["2026-01-31T10:30", "2026-01-31T12:00", "2026-01-31T13:30"]),
        ("P1D", ["2026-02-01T00:00", "2026-02-02T00:00", "2026-02-03T00:00"]),
        ("P1W", ["2026-02-05T00:00", "2026-02-12T00:00", "2026-02-19T00:00"]),
    ],
)
def test_an_interval_is_counted_from_1970(every: str, expected: list[str]) -> None:
    assert times(Plan(every=every), "2026-01-31T09:00") == expected


def test_a_time_of_day_that_does_not_exist_counts_after_the_gap() -> None:
    assert times(Plan("30 2 * * *", BERLIN), "2026-03-28T00:00") == [
        "2026-03-28T01:30",
        "2026-03-29T01:00",  # 02:30 does not exist: 03:00
        "2026-03-30T00:30",
    ]


def test_times_that_one_gap_swallows_are_one_time() -> None:
    assert times(Plan("0,30 2 * * *", BERLIN), "2026-03-28T12:00", 2) == ["2026-03-29T01:00", "2026-03-30T00:00"]


def test_a_time_of_day_that_is_there_twice_counts_the_first_time() -> None:
    plan = Plan("30 2 * * *", BERLIN)
    assert times(plan, "2026-10-24T00:00") == ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]
    assert times(plan, "2026-10-25T01:10", 1) == ["2026-10-26T01:30"]  # at 02:10 for the second time


def test_what_is_for_no_time_of_day_counts_as_often_as_clocks_show_it() -> None:
    assert times(Plan("0 * * * *", BERLIN), "2026-10-24T23:00", 4) == [
        "2026-10-25T00:00",
        "2026-10-25T01:00",
        "2026-10-25T02:00",
        "2026-10-25T03:00",
    ]


PLANS = [
    Plan("30 2 * * *", BERLIN),
    Plan("0,30 2 * * *", BERLIN),
    Plan("15 */6 * * *", BERLIN),
    Plan("*/45 1-3 * * *", BERLIN),
    Plan("0 0 L * *", "Pacific/Apia"),
    Plan(every="PT7H"),
]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("start", ["2026-03-28T00:00", "2026-10-24T00:00"])
def test_the_newest_time_is_the_last_one_that_has_come(plan: Plan, start: str) -> None:
    first = plan.after(instant(start))
    assert first is not None
    coming = plan.following(first, 12)
    for time, following in pairwise(coming):
        for now in (time, time + timedelta(seconds=1), following - timedelta(milliseconds=1)):
            assert plan.newest(first, now) == time
            assert plan.after(now) == following


@pytest.mark.parametrize("plan", [Plan("0 0 30 2 *"), Plan("0 0 31 4,6 *")])
def test_a_day_that_no_year_has_is_refused(plan: Plan) -> None:
    with pytest.raises(InvalidError, match="cron"):
        plan.check(NOW)


@pytest.mark.parametrize("cron", ["0 0 LW * */7", "* * LW * */7"])
def test_a_plan_that_has_no_time_within_fifty_years_is_refused(cron: str) -> None:
    with pytest.raises(InvalidError, match="names a day that does not exist"):
        Plan(cron).check(NOW)  # the last weekday, if it is a Sunday


def test_a_leap_day_is_found() -> None:
    Plan("0 0 29 2 *").check(NOW)
    assert times(Plan("0 0 29 2 *"), "2026-01-31T09:00", 2) == ["2028-02-29T00:00", "2032-02-29T00:00"]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan(), "either cron or every"),
        (Plan("* * * * *", every="PT1H"), "either cron or every"),
        (Plan("* * * *"), "has not five fields"),
        (Plan("0 * * * * *"), "has not five fields: minute, hour, .* day of the week; leave out seconds, and the year"),
        (Plan("cron(0 2 * * ? *)"), r"week; leave out cron\( \) and the year, and write \* for \?"),
        (Plan("rate(5 minutes)"), "day of the week; .*; an interval is every, as PT15M"),
        (Plan("@daily"), r"has not five fields: .*; write 0 0 \* \* \*"),
        (Plan("@reboot"), "has not five fields: .* day of the week$"),
        (Plan("0 9 ? * MON"), r"'\?' is no day of the month: any is \*"),
        (Plan("61 * * * *"), "cron '61 \\* \\* \\* \\*' cannot be read: '61' is no minute"),
        (Plan("0 9 * * MON,FUN"), "'MON,FUN' is no day of the week"),
        (Plan("0 9 * 13 *"), "'13' is no month"),
        (Plan("0 9 * * *", "Mars/Olympus"), "there is no time zone 'Mars/Olympus'"),
        (Plan("0 9 * * *", "../etc/passwd"), "there is no time zone"),
        (Plan("0 9 * * *", "localtime"), "there is no time zone 'localtime'"),
        (Plan("0 9 * * *", "right/Europe/Berlin"), "there is no time zone"),
        (Plan(every="15m"), "is no duration"),
        (Plan(every="P"), "is no duration"),
        (Plan(every="P1DT"), "is no duration"),
        (Plan(every="P1M"), "is no duration"),
        (Plan(every="PT59S"), "is shorter than 60 seconds"),
        (Plan(every="P99999W"), "is longer than 36525 days"),
    ],
)
def test_what_is_no_plan_is_refused(plan: Plan, words: str) -> None:
    with pytest.raises(InvalidError, match=words):
        plan.check(NOW)


def test_nothing_follows_where_there_is_no_time() -> None:
    assert Plan("0 9 * * *").following(None, 5) == []


CHANGES = [
    ("Pacific/Chatham", "2026-04-04T00:00"),  # from 03:45 back to 02:45
    ("Pacific/Chatham", "2026-09-26T00:00"),
    ("Australia/Lord_Howe", "2026-04-04T00:00"),  # by half an hour
    ("Australia/Lord_Howe", "2026-10-03T00:00"),
    ("Antarctica/Troll", "2026-03-28T12:00"),  # by two hours
    ("Antarctica/Troll", "2026-10-24T12:00"),
    ("Asia/Beirut", "2026-10-24T00:00"),  # at midnight
    ("Asia/Pyongyang", "2018-05-04T00:00"),  # for good
    ("Pacific/Apia", "2011-12-29T12:00"),  # a day is left out
    (BERLIN, "2026-10-24T12:00"),
]
MANY = [
    "*/2 0,3 * * *",
    "17 */3 * * *",
    "*/45 1-3 * * *",
    "14 * * * *",
    "0,30 2 * * *",
    "10-20 0-3 * * *",
    "50 23 * * *",
]


def brute_force(plan: Plan, start: datetime, hours: int) -> list[datetime]:
    """Look at each minute: what clocks show there, and what they pass over."""
    minute, hour, *_ = plan.cron.split()
    zone, is_of_day, found = ZoneInfo(plan.zone), "*" not in minute[0] + hour[0], []
    reference = CronSim(plan.cron, datetime(2000, 1, 1, tzinfo=UTC))
    before = start.astimezone(zone).replace(tzinfo=None)
    for number in range(1, hours * MINUTES):
        instant = start + timedelta(minutes=number)
        local = instant.astimezone(zone)
        shown = local.replace(tzinfo=None)
        passed = [before + timedelta(minutes=n) for n in range(1, (shown - before) // timedelta(minutes=1))]
        named = [each for each in (*passed, shown) if each.minute in reference.minutes and each.hour in reference.hours]
        if (named and not local.fold) if is_of_day else shown in named:
            found.append(instant)
        before = shown
    return found


@pytest.mark.parametrize("cron", MANY)
@pytest.mark.parametrize(("zone", "start"), CHANGES)
def test_times_are_those_that_clocks_show_on_either_side_of_a_change(cron: str, zone: str, start: str) -> None:
    plan, begin = Plan(cron, zone), instant(start)
    expected = brute_force(plan, begin, 48)
    found = [*takewhile(lambda time: time <= expected[-1], plan.following(plan.after(begin), len(expected) + 1))]
    assert found == expected
    for time, following in pairwise(expected):
        assert [plan.newest(expected[0], now) for now in (time, following - timedelta(seconds=1))] == [time, time]


def test_what_is_shown_twice_at_the_end_of_a_day_counts_twice() -> None:
    plan = Plan("*/30 */23 24 10 *", "Asia/Beirut")
    assert times(plan, "2026-10-24T20:30", 3) == ["2026-10-24T21:00", "2026-10-24T21:30", "2027-10-23T21:00"]
