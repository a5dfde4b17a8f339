"""A large map whose `maxConcurrency` is below its size: its partitions run in waves, one after the other."""

import pytest

from chalicelib.core.executions.inputs import ChildEnded, PauseRequested, ResumeRequested, Started
from chalicelib.core.executions.model import State
from chalicelib.core.values.errors import UnavailableError
from tests.home import ECHO, WAIT, Home


def large_map(items: int = 250, at_once: int = 100, **step: object) -> dict[str, object]:
    """Make a map of partitions of 84 items; one runs at a time unless more items may run at once."""
    steps = [{"id": "each", **(step or ECHO)}]
    return {"type": "map", "items": f"${{range(`{items}`)}}", "maxConcurrency": at_once, "steps": steps}


def begun(home: Home, name: str) -> int:
    """Tell how many partitions there are."""
    return sum(item.parent is not None for item in map(home.read, home.executions.items) if item.id != name)


@pytest.mark.parametrize("at_once", [1, 100, 200, 249])
def test_all_waves_run(home: Home, at_once: int) -> None:
    home.create(large_map(at_once=at_once))
    name = home.execute()
    home.deliver_all()
    assert home.read(name).output == list(range(250))


def test_the_next_wave_begins_once_the_one_before_has_ended(home: Home) -> None:
    home.create(large_map(items=400, at_once=200, **WAIT))
    name = home.execute()
    home.deliver_all()
    assert begun(home, name) == 2
    for there in (4, 4):
        home.clock.sleep(45)
        home.deliver_all()
        assert begun(home, name) == there
    assert home.read(name).state is State.SUCCEEDED


def test_no_wave_has_to_wait_where_all_items_may_run_at_once(home: Home) -> None:
    home.create(large_map(at_once=250, **WAIT))
    name = home.execute()
    home.deliver_all()
    assert begun(home, name) == 3


def until_a_partition_has_ended(home: Home) -> None:
    """Deliver what is visible, up to the end of a partition on its way to the map."""
    while not any(isinstance(message.event, ChildEnded) for message in home.waiting()):
        home.deliver()


def test_a_death_between_the_write_of_a_wave_and_its_send_is_made_up_for_by_the_next_delivery(home: Home) -> None:
    home.create(large_map())
    name = home.execute()
    for _ in range(2):
        until_a_partition_has_ended(home)
        before = home.read(name).version
        home.queue.refusals = 1
        with pytest.raises(UnavailableError):
            home.deliver()
        assert home.read(name).version == before + 1, "the wave is written"
        home.clock.sleep(360)
        home.deliver()
    home.deliver_all()
    assert home.read(name).output == list(range(250))


def test_a_wave_after_a_pause_costs_no_more_than_its_starts(home: Home) -> None:
    home.create(large_map(**WAIT))
    name = home.execute()
    home.deliver_all()
    home.service.pause("t", name)
    home.service.resume("t", name)
    home.deliver_all()
    home.clock.sleep(45)
    until_a_partition_has_ended(home)
    home.deliver()
    wave = [message.event for message in home.waiting() if message.execution != name]
    assert wave == [Started()]


def test_partitions_of_a_later_wave_hear_of_a_pause_too(home: Home) -> None:
    home.create(large_map(**WAIT))
    name = home.execute()
    home.deliver_all()
    home.clock.sleep(45)
    home.deliver_all()
    home.service.pause("t", name)
    home.deliver_all()
    living = [item for item in map(home.read, home.executions.items) if not item.ended]
    assert len(living) == 2
    assert [item.paused for item in living] == [True, True]


def test_who_is_owed_a_resumption_gets_it_though_another_partition_has_ended_meanwhile(home: Home) -> None:
    home.create(large_map(at_once=249, **WAIT))
    name = home.execute()
    home.deliver_all()
    home.service.pause("t", name)
    lost = next(message for message in home.queue.messages.values() if PauseRequested.__name__ in message.body)
    del home.queue.messages[lost.id]
    home.deliver_all()
    home.queue.refusals = 1
    with pytest.raises(UnavailableError):
        home.service.resume("t", name)
    home.clock.sleep(45)
    home.deliver_all()
    assert len(home.read(name).threads["main"].results) == 1
    assert not any(isinstance(message.event, ResumeRequested) for message in home.waiting())
    home.clock.sleep(61)
    home.sweep_due()
    home.deliver_all()
    home.clock.sleep(45)
    home.deliver_all()
    assert home.read(name).output == list(range(250))


def test_a_map_in_waves_that_failed_goes_on_from_the_wave_that_it_was_in(home: Home) -> None:
    home.create(large_map(type="call", content="${item}"))
    home.failures = ["No"]
    name = home.execute()
    home.deliver_all()
    assert home.read(name).state is State.FAILED
    home.service.redrive("t", name)
    home.deliver_all()
    assert home.read(name).output == list(range(250))
