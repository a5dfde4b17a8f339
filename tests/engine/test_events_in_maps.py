"""Events that are sent to an execution whose `map` waits for them: what else happens while they are passed on."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from chalicelib.core.executions.model import Signal
from chalicelib.core.values.errors import ExecutionNotFoundError, StateError, UnavailableError
from chalicelib.core.waits.correlation import Waiter, channel_of_sent
from tests.home import START, Home

EVENT = {"type": "event", "name": "paid"}
MAP = {"type": "map", "items": "${range(`101`)}", "steps": [{"id": "paid", **EVENT, "when": "item == `0`"}]}
REST = {"type": "wait", "seconds": 60}
ONE = Signal("event-1", "paid", START + timedelta(days=1), 7)


def begun(home: Home) -> str:
    home.create(REST, MAP)
    return home.execute()


def kept(home: Home, execution: str) -> Sequence[str]:
    return [each.id for each in home.answers.signals.kept(channel_of_sent(execution, "paid"))]


def test_one_that_cannot_be_kept_as_the_execution_ends_meanwhile_is_refused_and_nobody_s(home: Home) -> None:
    execution = begun(home)
    home.executions.rivals = [lambda: home.service.cancel("t", execution)]
    for _ in range(2):
        with pytest.raises(StateError, match="is ExecutionCancelled already"):
            home.answers.send("t", execution, ONE)
    assert kept(home, execution) == []
    home.service.redrive("t", execution)
    assert not home.answers.send("t", execution, ONE).taken
    assert kept(home, execution) == ["event-1"]


def test_one_that_an_item_takes_meanwhile_is_known_to_be_taken_though_the_execution_ends(home: Home) -> None:
    execution = begun(home)
    channel, waiter = channel_of_sent(execution, "paid"), Waiter("t:d:item", "main", 1, START)

    def take_and_end() -> None:
        home.answers.signals.subscribe(channel, waiter, lambda _: True, lambda _: None)
        home.answers.signals.close(channel, waiter, "event-1")
        home.service.cancel("t", execution)

    home.executions.rivals = [take_and_end]
    with pytest.raises(UnavailableError, match="send it again"):
        home.answers.send("t", execution, ONE)
    assert home.answers.send("t", execution, ONE).taken


def test_one_whose_sender_was_not_answered_can_be_sent_again(home: Home) -> None:
    execution = begun(home)

    def die() -> None:
        home.executions.rivals = [die]
        raise UnavailableError

    home.executions.rivals = [die]
    with pytest.raises(UnavailableError):
        home.answers.send("t", execution, ONE)
    home.executions.rivals = []
    assert home.read(execution).mailbox == ()
    assert not home.answers.send("t", execution, ONE).taken
    assert [known.id for known in home.read(execution).mailbox] == ["event-1"]
    home.clock.sleep(60)
    home.deliver_all()
    assert home.read(execution).output[0] == 7  # type: ignore[index, call-overload] # it is a list


def test_what_its_partitions_have_taken_is_not_in_the_record_of_the_end(home: Home) -> None:
    execution = begun(home)
    for name in ("event-1", "event-2"):
        home.answers.send("t", execution, Signal(name, "paid", ONE.until, name))
    home.clock.sleep(60)
    home.deliver_all()
    (end,) = (record for record in home.records(execution) if record["state"] == "ExecutionSucceeded")
    assert end["untakenEvents"] == [{"id": "event-2", "name": "paid", "by": None}]


def test_a_step_that_began_to_wait_before_another_version_had_such_a_map_is_found(home: Home) -> None:
    home.create(EVENT)
    execution = home.execute()
    home.service.cancel("t", execution)
    home.create(EVENT, MAP)
    home.service.redrive("t", execution, version=2)
    assert home.answers.send("t", execution, ONE).taken
    home.deliver_all()
    assert home.read(execution).step == "step-1"
    assert home.answers.send("t", execution, Signal("event-2", "paid", ONE.until, 8)).taken
    home.deliver_all()
    assert home.read(execution).output[0] == 8  # type: ignore[index, call-overload] # it is a list


def test_one_that_is_sent_to_a_partition_whose_execution_is_gone_finds_nothing(home: Home) -> None:
    execution = begun(home)
    home.clock.sleep(60)
    home.deliver_all()
    partition = next(name for name in home.executions.items if name != execution)
    del home.executions.items[execution]
    with pytest.raises(ExecutionNotFoundError):
        home.answers.send("t", partition, ONE)
