"""The indexer: what a stream hands over comes to stand in the index, whatever fails on the way."""

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory.incidents import MemoryIncidents
from chalicelib.adapters.memory.search import MemorySearch
from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.records.incident import IncidentKind
from chalicelib.core.search.documents import SearchEntry, SearchKind, execution_entry, gone_entry
from chalicelib.core.search.found import SearchPage, read_page
from chalicelib.core.search.query import SearchFilter, search_body
from chalicelib.core.values.errors import UnavailableError, UnknownFormatError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.stream import Indexer, Lateness
from tests.adapters.examples import submitted

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
LEFT = timedelta(seconds=60)


class Flaky(MemorySearch):
    """An index that does not answer some calls, before or after what they ask for is done; and refuses some things."""

    def __init__(self, fails: Sequence[int] = (), refused: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.fails, self.refused, self.calls = [*fails], refused or {}, 0

    def write(self, entries: Sequence[SearchEntry]) -> Sequence[str | None]:
        self.calls += 1
        fails, is_done = self.calls in self.fails, self.calls % 2
        if fails and not is_done:
            raise UnavailableError("before")
        super().write([entry for entry in entries if entry.id not in self.refused])
        if fails:
            raise UnavailableError("after")
        return [self.refused.get(entry.id) for entry in entries]


class World:
    def __init__(self, index: MemorySearch | None = None) -> None:
        self.index, self.incidents, self.clock = index or MemorySearch(), MemoryIncidents(), MemoryClock(NOW)
        self.indexer = Indexer(self.index, self.read, self.incidents, self.clock, Lateness(self.incidents))
        self.unreadable: dict[str, Exception] = {}

    def read(self, record: Mapping[str, Any]) -> SearchEntry | None:
        number = record["dynamodb"]["SequenceNumber"]
        if number in self.unreadable:
            raise self.unreadable[number]
        found: SearchEntry | None = record["entry"]
        return found

    def handle(self, *records: Mapping[str, Any], left: timedelta = LEFT, most: int = 1) -> list[str]:
        answer = self.indexer.handle(records, left, most)
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]

    def found(self) -> SearchPage:
        return read_page(self.index.search(search_body(SearchFilter("t"), 100)), 100)

    def states(self) -> dict[str, str]:
        return {each["id"].rpartition(":")[2]: each["state"] for each in self.found().items}


def execution(name: str, version: int = 1, state: State = State.STEP_STARTED) -> Execution:
    return copy_with(submitted("t", name), version=version, state=state)


def record(number: int, entry: Execution | SearchEntry | None, late: float = 0.5) -> dict[str, Any]:
    made = execution_entry(entry) if isinstance(entry, Execution) else entry
    change = {
        "SequenceNumber": str(number),
        "ApproximateCreationDateTime": (NOW - timedelta(seconds=late)).timestamp(),
        "Keys": {"id": {"S": made.id}} if made else {},
    }
    return {"dynamodb": change, "entry": made, "eventSourceARN": "arn:aws:dynamodb:r:1:table/sedo_execution/stream/1"}


def test_what_comes_is_found_and_how_late_it_came_is_told() -> None:
    world = World()
    assert world.handle(record(1, execution("a")), record(2, None), record(3, execution("b"), late=2)) == []
    assert world.states() == {"a": "StepStarted", "b": "StepStarted"}
    fresh = world.found().freshness
    assert (fresh.lag_ms, fresh.changed_at) == (2000, NOW - timedelta(seconds=2))


def test_a_batch_of_nothing_that_is_searched_tells_the_lag_all_the_same() -> None:
    world = World()
    assert world.handle(record(1, None)) == []
    assert world.found().freshness.lag_ms == 500


def test_what_comes_twice_or_late_changes_nothing() -> None:
    world, old, new = World(), execution("a"), execution("a", 2, State.SUCCEEDED)
    world.handle(record(1, old), record(2, new))
    world.handle(record(2, new))
    world.handle(record(1, old))
    assert world.states() == {"a": "ExecutionSucceeded"}


def test_what_is_gone_is_found_no_more() -> None:
    world = World()
    world.handle(record(1, execution("a")), record(2, execution("b")))
    world.handle(record(3, gone_entry(SearchKind.EXECUTION, "t", execution("a").id, NOW)))
    assert world.states() == {"b": "StepStarted"}


def test_an_item_that_cannot_be_read_is_an_incident_and_what_comes_behind_it_is_written() -> None:
    world = World()
    world.unreadable["2"] = KeyError("c")
    assert world.handle(record(1, execution("a")), record(2, execution("b")), record(3, execution("c"))) == []
    assert set(world.states()) == {"a", "c"}
    (incident,) = world.incidents.items.values()
    assert (incident.kind, incident.subject) == (IncidentKind.INDEX_RECORD, "sedo_execution 2")
    assert incident.detail == "the item t:order-fulfilment:b cannot be read: KeyError"


def test_an_item_of_a_later_release_is_waited_for_and_goes_by_when_that_does_not_come() -> None:
    world = World()
    world.unreadable["1"] = UnknownFormatError("execution b", "9")
    records = [record(1, execution("b"), late=299), record(2, execution("a"))]
    assert world.handle(*records) == ["1"]
    assert world.incidents.items == {}
    world.clock.sleep(2)
    assert world.handle(*records) == []
    assert set(world.states()) == {"a"}
    (incident,) = world.incidents.items.values()
    why = "execution b is of format 9, which only a later release of sedo can read"
    assert incident.detail == f"the item t:order-fulfilment:b cannot be read: {why}"


def test_a_document_that_is_refused_for_good_is_an_incident_of_its_tenant_and_is_not_tried_again() -> None:
    world = World(Flaky(refused={execution("b").id: "mapper_parsing_exception"}))
    assert world.handle(record(1, execution("b")), record(2, execution("a"))) == []
    assert set(world.states()) == {"a"}
    (incident,) = world.incidents.items.values()
    assert (incident.tenant_id, incident.execution_id) == ("t", execution("b").id)
    assert incident.detail == "the search engine refused its document: mapper_parsing_exception"


def test_what_cannot_be_read_for_now_comes_again_and_what_was_before_it_is_written() -> None:
    world = World()
    world.unreadable["2"] = UnavailableError("of a later release")
    assert world.handle(record(1, execution("a")), record(2, execution("b")), record(3, execution("c"))) == ["2"]
    assert set(world.states()) == {"a"}
    assert world.incidents.items == {}


def test_an_engine_that_does_not_answer_is_asked_again_while_there_is_time() -> None:
    world = World(Flaky(fails=[1, 2, 3]))
    assert world.handle(record(1, execution("a"))) == []
    assert (set(world.states()), world.clock.now() - NOW) == ({"a"}, timedelta(seconds=1 + 2 + 4))


def test_an_engine_that_never_answers_leaves_the_whole_batch_for_later() -> None:
    world = World(Flaky(fails=range(100)))
    assert world.handle(record(1, execution("a")), record(2, execution("b"))) == ["1"]
    assert world.clock.now() - NOW < LEFT
    assert world.incidents.items == {}


@pytest.mark.parametrize("seed", range(40))
def test_a_stream_that_comes_twice_late_and_in_parts_to_an_indexer_that_dies_leaves_the_index_as_the_tables_are(
    seed: int,
) -> None:
    chance = random.Random(seed)
    world = World(Flaky(fails=[chance.randrange(1, 60) for _ in range(20)]))
    table: dict[str, Execution] = {}
    stream: list[dict[str, Any]] = []
    for number in range(60):
        name = chance.choice("abcdef")
        before = table.get(name)
        if before is not None and chance.random() < 0.1:
            del table[name]
            gone = gone_entry(SearchKind.EXECUTION, "t", before.id, NOW + timedelta(seconds=number))
            stream.append(record(number, gone))
            continue
        version = 1 if before is None else before.version + 1
        made = execution(name, version, chance.choice([State.STEP_STARTED, State.PAUSED, State.SUCCEEDED]))
        began = NOW + timedelta(seconds=number) if before is None else before.started_at
        table[name] = copy_with(made, started_at=began)
        stream.append(record(number, table[name]))
    at = 0
    while at < len(stream):
        batch = stream[at : at + chance.randrange(1, 12)]
        left = timedelta(seconds=chance.choice([11, 60]))
        failed = world.handle(*batch, left=left)
        if chance.random() < 0.3:
            continue  # it died before it could say so: all of it comes again
        at += next((n for n, each in enumerate(batch) if each["dynamodb"]["SequenceNumber"] in failed), len(batch))
        at = max(0, at - chance.choice([0, 0, 3])) if chance.random() < 0.2 and not failed else at
    assert world.states() == {name: str(each.state) for name, each in table.items()}


class TestLateness:
    """An index that is too far behind is an incident while it is."""

    def behind(self, world: World) -> list[tuple[str, str, str]]:
        found = [each for each in world.incidents.items.values() if each.kind is IncidentKind.INDEX_BEHIND]
        return [(each.subject, str(each.state), each.ended or each.detail) for each in found]

    def test_it_begins_with_changes_that_come_late_and_ends_with_those_that_do_not(self) -> None:
        world = World()
        world.handle(record(1, execution("a"), late=300))
        assert self.behind(world) == []
        world.handle(record(2, execution("b"), late=301))
        said = "search does not know what has changed since 2026-01-31T08:54:59.000Z: its changes come late"
        assert self.behind(world) == [("sedo_execution", "open", said)]
        world.clock.sleep(1)
        world.handle(record(3, execution("c")))
        assert self.behind(world) == [("sedo_execution", "ended", "the index has caught up")]
        world.clock.sleep(1)
        world.handle(record(4, execution("d"), late=400))
        assert [state for _, state, _ in self.behind(world)] == ["open"], "it is open again"

    def test_it_ends_with_the_last_of_what_has_waited_though_nothing_changes_behind_it(self) -> None:
        world = World()
        world.handle(record(1, execution("a"), late=900))
        assert [state for _, state, _ in self.behind(world)] == ["open"]
        world.clock.sleep(1)
        world.handle(record(2, execution("b"), late=600), most=2)
        assert self.behind(world) == [("sedo_execution", "ended", "the index has caught up")]

    def test_an_engine_that_does_not_answer_is_one_once_it_is_late(self) -> None:
        world = World(Flaky(fails=range(100)))
        world.handle(record(1, execution("a"), late=200), left=LEFT)
        assert self.behind(world) == []
        world.clock.sleep(100)
        world.handle(record(1, execution("a"), late=200), left=LEFT)
        assert [state for _, state, _ in self.behind(world)] == ["open"]

    def test_another_process_ends_what_one_that_died_has_begun(self) -> None:
        world = World()
        world.handle(record(1, execution("a"), late=400))
        world.clock.sleep(1)
        world.indexer = copy_with(world.indexer, lateness=Lateness(world.incidents))
        world.handle(record(2, execution("b")))
        assert [state for _, state, _ in self.behind(world)] == ["ended"]

    def test_it_is_said_again_each_minute_and_not_with_every_batch(self) -> None:
        world = World()
        world.handle(record(1, execution("a"), late=400))
        world.clock.sleep(1)
        Lateness(world.incidents).note("sedo_execution", world.clock.now(), world.clock.now(), "")
        world.handle(record(2, execution("b"), late=400))
        assert [state for _, state, _ in self.behind(world)] == ["ended"]
        world.clock.sleep(59)
        world.handle(record(3, execution("c"), late=400))
        assert [state for _, state, _ in self.behind(world)] == ["open"]

    def test_a_batch_in_time_costs_nothing_after_the_first(self) -> None:
        world, ended = World(), list[str]()
        world.incidents.end = lambda key, *_: bool(ended.append(key.subject))  # type: ignore[method-assign] # counted
        for number in range(3):
            world.handle(record(number, execution("a")))
        assert ended == ["sedo_execution"]


class KilledError(BaseException):
    """The process of the indexer is gone."""


def dying(call: int, *, is_done: bool) -> tuple[World, list[int]]:
    """Make a world whose indexer is killed at a call of what it reads or writes, before or after that is done."""
    world, calls = World(Flaky(refused={execution("c").id: "mapper_parsing_exception"})), [0]

    def killed(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any) -> Any:
            calls[0] += 1
            if calls[0] == call and not is_done:
                raise KilledError
            answer = function(*given)
            if calls[0] == call:
                raise KilledError
            return answer

        return called

    world.index.write = killed(world.index.write)  # type: ignore[method-assign] # the indexer's own calls alone
    world.incidents.record = killed(world.incidents.record)  # type: ignore[method-assign] # the same
    world.indexer = Indexer(world.index, killed(world.read), world.incidents, world.clock, Lateness(world.incidents))
    return world, calls


def batches() -> list[list[dict[str, Any]]]:
    first, last = execution("a"), execution("a", 2, State.SUCCEEDED)
    gone = gone_entry(SearchKind.EXECUTION, "t", execution("b").id, NOW)
    return [
        [record(1, first), record(2, execution("b")), record(3, execution("c")), record(4, None)],
        [record(5, last), record(6, gone), record(7, execution("d"))],
    ]


def deliver(world: World) -> None:
    """Hand over each batch as Lambda does: again, whole, until nobody is killed over it."""
    for batch in batches():
        for _ in range(2):
            with suppress(KilledError):
                assert world.handle(*batch) == []
                break


CALLS = 7 + 2 + 1
"""Records that are read, batches that are written, documents that are refused."""


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, CALLS + 1))
def test_an_indexer_that_is_killed_at_any_call_leaves_the_index_as_the_tables_are(call: int, *, is_done: bool) -> None:
    world, calls = dying(call, is_done=is_done)
    deliver(world)
    assert calls[0] > CALLS
    assert world.states() == {"a": "ExecutionSucceeded", "d": "StepStarted"}
    assert [each.execution_id for each in world.incidents.items.values()] == [execution("c").id]
