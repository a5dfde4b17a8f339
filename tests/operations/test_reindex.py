"""A rebuild of the index, over the tables of ministack and the API of OpenSearch."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.executions import DOCUMENT
from chalicelib.adapters.dynamodb.incidents import DynamoIncidents
from chalicelib.adapters.dynamodb.tables import EXECUTIONS
from chalicelib.adapters.search.connection import SearchConnection
from chalicelib.adapters.search.opensearch import OpenSearchIndex
from chalicelib.core.records.incident import Incident, IncidentKind
from chalicelib.core.search.documents import SearchEntry, SearchKind
from chalicelib.core.search.found import read_page
from chalicelib.core.search.index import IndexNames
from chalicelib.core.search.query import SearchFilter, search_body
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.wiring.settings import Settings
from deploy import resources
from operations.reindex import Difference, Rebuild, RebuildPlace, main, with_engine
from tests.adapters.examples import fresh
from tests.operations.world import World

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Index(OpenSearchIndex):
    """An index that breaks off at a write, and one that loses what it is given."""

    fails_at = 0
    loses: frozenset[str] = frozenset()
    writes = 0

    def write(self, entries: Any) -> Any:
        self.writes += 1
        if self.writes == self.fails_at:
            raise UnavailableError("the engine is gone")
        super().write([each for each in entries if each.id not in self.loses])
        return [None for _ in entries]


@pytest.fixture
def index(search_engine: str) -> Index:
    return Index(SearchConnection(search_engine), IndexNames(fresh("stage")))


def rebuild(stage: World, index: Index, place: RebuildPlace | None = None) -> Rebuild:
    return Rebuild(
        stage.stage, index, place or RebuildPlace(None, 2), settle=0, say=lambda _: None, sleep=lambda _: None
    )


def found(index: Index, kind: SearchKind = SearchKind.EXECUTION, version: int | None = None) -> set[str]:
    index.refresh()
    answer = index.search(search_body(SearchFilter("t", kind, version=version), 100))
    return {each["id"] for each in read_page(answer, 100).items}


@pytest.fixture
def started(stage: World) -> list[str]:
    made = [stage.start("timer"), stage.start("timer"), stage.start("task")]
    stage.deliver()
    return made


def test_everything_is_found_again_and_nothing_differed(stage: World, index: Index, started: list[str]) -> None:
    assert rebuild(stage, index).run() == []
    assert found(index) == set(started)
    assert len(found(index, SearchKind.TASK)) == 1
    assert len(found(index, SearchKind.TASK, version=1)) == 1
    assert "timer" in found(index, SearchKind.DEFINITION)


def test_an_index_that_is_filled_in_its_place_is_whole_then(stage: World, index: Index, started: list[str]) -> None:
    body = search_body(SearchFilter("t", SearchKind.EXECUTION), 10)
    assert not read_page(index.search(body), 10).is_whole
    rebuild(stage, index).refill()
    assert read_page(index.search(body), 10).is_whole
    assert found(index) == set(started)


def test_so_is_one_for_which_there_is_nothing(stage: World, index: Index) -> None:
    class Empty(Rebuild):
        def fill(self) -> None:
            """Find nothing."""

    Empty(stage.stage, index, RebuildPlace(None, 2), settle=0, say=lambda _: None).refill()
    assert read_page(index.search(search_body(SearchFilter("t", SearchKind.EXECUTION), 10)), 10).is_whole


def damage(stage: World, execution: str) -> None:
    item = next(each for each in stage.items(EXECUTIONS) if each["id"]["S"] == execution)
    stage.put(EXECUTIONS, {**item, DOCUMENT: {"S": "nothing"}})


@pytest.mark.parametrize("fill", [Rebuild.run, Rebuild.refill])
@pytest.mark.parametrize("damaged", [False, True])
def test_it_ends_the_incidents_of_changes_that_were_not_indexed(
    stage: World, index: Index, started: list[str], fill: Callable[[Rebuild], object], *, damaged: bool
) -> None:
    incidents = DynamoIncidents(stage.client, stage.stage.names)
    incidents.record(Incident(IncidentKind.INDEX_RECORD, f"execution {fresh('t:d:')}", NOW, "refused", "t"))
    incidents.record(Incident(IncidentKind.MESSAGE_UNREADABLE, "m", NOW, "so it is"))
    if damaged:
        damage(stage, started[0])
    fill(rebuild(stage, index))
    kinds = [each.key.kind for each in incidents.all_open(10)]
    assert (IncidentKind.INDEX_RECORD in kinds) is damaged
    assert IncidentKind.MESSAGE_UNREADABLE in kinds


def test_one_that_was_broken_off_goes_on_where_it_stood_in_the_same_index(
    stage: World, index: Index, started: list[str], tmp_path: Path
) -> None:
    damage(stage, started[0])
    index.fails_at = 3
    with pytest.raises(UnavailableError):
        rebuild(stage, index, RebuildPlace(tmp_path / "state", 2)).run()
    begun, index.fails_at = index.building(), 0
    place = RebuildPlace(tmp_path / "state", 2)
    assert place.index == begun
    assert rebuild(stage, index, place).run() == [Difference("execution", started[0], "unreadable")]
    assert ([*index.in_use()], found(index)) == ([begun], set(started[1:]))
    assert not (tmp_path / "state").exists()


def test_what_differs_is_told_and_mended(stage: World, index: Index, started: list[str]) -> None:
    stranger = SearchEntry(SearchKind.EXECUTION, "t", "t:timer:gone", 1)

    class Meddled(Rebuild):
        def fill(self) -> None:
            super().fill()
            document = {"key": stranger.key, "kind": "execution", "tenant": "t", "id": stranger.id}
            index.loses = frozenset()
            index.write([copy_with(stranger, document=document)])

    index.loses = frozenset(started[:1])
    made = Meddled(stage.stage, index, RebuildPlace(None, 2), settle=0, say=lambda _: None, sleep=lambda _: None)
    assert set(made.run()) == {
        Difference("execution", started[0], "missing"),
        Difference("execution", stranger.id, "gone"),
    }
    assert found(index) == set(started)


def test_what_cannot_be_read_is_told_and_the_rest_is_found(stage: World, index: Index, started: list[str]) -> None:
    damage(stage, started[0])
    assert rebuild(stage, index).run() == [Difference("execution", started[0], "unreadable")]
    assert found(index) == set(started[1:])


def test_without_an_engine_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "SEDO_SEARCH_URL is not set" in capsys.readouterr().err


@pytest.mark.parametrize("command", [main, resources.main])
def test_a_setting_that_is_wrong_is_told(
    command: Callable[[list[str]], object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEDO_SHARDS", "0")
    with pytest.raises(SystemExit):
        command([])
    assert "error: SEDO_SHARDS=0: it is a number from 1 to 256" in capsys.readouterr().err


def test_the_engine_of_a_stack_is_told_by_the_environment() -> None:
    stage, here = Settings(prefix="sedo-prod"), Settings(prefix="sedo", search_url="http://here", search_auth="none")
    found = with_engine(stage, here)
    assert (found.prefix, found.search_url, found.search_auth) == ("sedo-prod", "http://here", "none")
    assert with_engine(found, Settings()) == found
