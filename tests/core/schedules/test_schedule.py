"""What becomes of a schedule at its times, and when people change it."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.schedules.codec import content_document, read_content, read_schedule, schedule_document
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.schedules.schedule import (
    Overlap,
    Schedule,
    ScheduleContent,
    ScheduledStart,
    ScheduleProblem,
    new_schedule,
)
from chalicelib.core.values.value import copy_with

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
HOURLY = ScheduleContent("report", Plan("0 * * * *"))


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def nightly(content: ScheduleContent = HOURLY, **others: object) -> Schedule:
    return copy_with(new_schedule("acme", "nightly", content, at(-0.5), "ada"), **others)


def test_a_new_schedule_waits_for_its_first_time() -> None:
    made = nightly()
    assert (made.next_at, made.look_at, made.number, made.revision) == (NOON, NOON, 1, 1)
    assert made.taken_up(at(-0.1)) is made
    assert made.coming(at(-0.5)) == [NOON, at(1), at(2), at(3), at(4)]


def test_a_time_is_taken_up_and_started_under_an_id_of_its_own() -> None:
    taken = nightly().taken_up(NOON)
    assert taken.owed == ScheduledStart(NOON, "acme:report:~nightly.20260131T120000Z")
    assert (taken.next_at, taken.look_at, taken.number) == (at(1), NOON, 2)
    done = taken.started()
    assert (done.owed, done.last, done.look_at, done.number) == (None, taken.owed, at(1), 3)
    assert done.revision == 1


def test_what_is_owed_is_taken_up_once() -> None:
    taken = nightly().taken_up(NOON)
    assert taken.taken_up(at(5)) is taken


def test_of_several_missed_times_the_newest_is_started() -> None:
    taken = nightly().taken_up(at(3.5))
    assert taken.owed is not None
    assert (taken.owed.at, taken.next_at) == (at(3), at(4))


def test_a_missed_time_is_not_among_those_to_come() -> None:
    assert nightly().coming(at(1.5))[0] == at(2)


def test_a_time_is_passed_over_while_the_last_execution_runs_if_that_is_wanted() -> None:
    skipping = nightly(copy_with(HOURLY, overlap=Overlap.SKIP))
    skipped = skipping.taken_up(NOON, is_running=True)
    assert (skipped.owed, skipped.skipped_at, skipped.look_at) == (None, NOON, at(1))
    assert skipping.taken_up(NOON).owed is not None
    assert nightly().taken_up(NOON, is_running=True).owed is not None


def test_what_cannot_be_started_is_a_problem_until_the_next_start() -> None:
    failed = nightly().taken_up(NOON).failed(NOON, "definition not found")
    assert (failed.owed, failed.last, failed.look_at) == (None, None, at(1))
    assert failed.problem == ScheduleProblem(NOON, "definition not found")
    assert failed.taken_up(at(1)).started().problem is None


def test_what_cannot_be_started_now_is_looked_at_again() -> None:
    held = nightly().postponed(NOON, "the tenant is stopped", at(0.1))
    assert held.taken_up(at(0.05)) is held
    taken = held.taken_up(at(2.2))
    assert taken.owed is not None
    assert taken.owed.at == at(2)


def test_a_paused_schedule_starts_nothing_and_then_its_newest_missed_time() -> None:
    held = nightly().held(at(-0.2), "bob")
    assert (held.look_at, held.changed_by, held.revision, held.coming(NOON)) == (None, "bob", 2, [])
    assert held.taken_up(at(3.5)) is held
    assert held.held(NOON, "bob") is held
    taken = held.resumed(at(3.5), "bob").taken_up(at(3.5))
    assert taken.owed is not None
    assert taken.owed.at == at(3)
    assert taken.resumed(NOON, "bob") is taken


def test_what_is_owed_is_started_though_the_schedule_is_paused() -> None:
    held = nightly().taken_up(NOON).held(NOON, None)
    assert held.look_at == NOON
    assert held.started().look_at is None


def test_what_cannot_be_started_yet_is_missed_if_the_schedule_is_paused() -> None:
    late = nightly().taken_up(NOON).postponed(NOON, "too many are in flight", at(0.1))
    held = late.held(at(0.05), None)
    assert (held.owed, held.look_at, held.next_at) == (None, None, NOON)
    assert held.resumed(at(0.2), None).taken_up(at(0.2)).owed == late.owed
    asked = (
        nightly().asked(at(-0.4), "0f1e").postponed(at(-0.4), "too many are in flight", at(-0.3)).held(at(-0.35), None)
    )
    assert (asked.owed, asked.look_at, asked.next_at) == (None, None, NOON)


def test_a_start_that_is_asked_for_leaves_the_plan_alone() -> None:
    asked = nightly().asked(at(-0.4), "0f1e")
    assert asked.owed == ScheduledStart(at(-0.4), "acme:report:~nightly.0f1e")
    done = asked.started()
    assert (done.next_at, done.look_at, done.last) == (NOON, NOON, asked.owed)


def test_another_plan_counts_from_now_and_the_same_plan_goes_on() -> None:
    daily = copy_with(HOURLY, plan=Plan("0 18 * * *"))
    assert nightly().replaced(daily, at(2.5), "bob").next_at == at(6)
    again = nightly().replaced(copy_with(HOURLY, definition="other"), at(2.5), "bob")
    assert (again.next_at, again.look_at, again.content.definition, again.revision) == (NOON, NOON, "other", 2)


def test_a_changed_schedule_owes_nothing_of_before() -> None:
    replaced = nightly().taken_up(NOON).failed(NOON, "no").taken_up(at(1)).replaced(HOURLY, at(1.5), None)
    assert (replaced.owed, replaced.problem, replaced.look_at) == (None, None, at(2))


def test_a_plan_that_ends_is_not_looked_at_again() -> None:
    ended = nightly(next_at=None, look_at=None)
    assert ended.coming(NOON) == []
    assert ended.taken_up(NOON) is ended


def test_the_executions_name_the_schedule_as_who_started_them() -> None:
    assert nightly().starter == "schedule:nightly"


@pytest.mark.parametrize(
    "content",
    [
        HOURLY,
        ScheduleContent("d", Plan(every="PT1H"), 3, {"a": [1]}, Overlap.SKIP, "Hourly", "What it does"),
        ScheduleContent("d", Plan("0 9 * * *", "Europe/Berlin")),
    ],
)
def test_what_people_say_is_read_as_it_is_written(content: ScheduleContent) -> None:
    assert read_content(content_document(content)) == content


@pytest.mark.parametrize(
    "schedule",
    [
        nightly(),
        nightly().taken_up(NOON).held(NOON, None),
        nightly().taken_up(NOON).started().taken_up(at(1)).failed(at(1), "no"),
        nightly(next_at=None, look_at=None, skipped_at=NOON),
    ],
)
def test_a_schedule_is_read_as_it_is_written(schedule: Schedule) -> None:
    stored = {"look_at": schedule.look_at, "number": schedule.number}
    assert read_schedule("acme", "nightly", schedule_document(schedule), **stored) == schedule


def test_an_interval_has_no_time_zone() -> None:
    assert read_content({"definition": "d", "every": "PT1H", "zone": "Asia/Tokyo"}).plan == Plan(every="PT1H")
