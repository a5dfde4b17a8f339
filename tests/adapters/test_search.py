"""What an index has to do, shown of each: in memory, and of OpenSearch's API as osmem-server speaks it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.credentials import ReadOnlyCredentials

from chalicelib.adapters.memory.search import MemorySearch
from chalicelib.adapters.search.connection import SearchConnection, Signer
from chalicelib.adapters.search.opensearch import OpenSearchIndex
from chalicelib.core.executions.cost import ExecutionCost
from chalicelib.core.executions.model import Execution, Failure, State
from chalicelib.core.search.documents import (
    SearchEntry,
    SearchKind,
    definition_entry,
    execution_entry,
    gone_entry,
    lag_entry,
    task_entry,
    unfilled_entry,
)
from chalicelib.core.search.found import SearchPage, edition, read_editions, read_names, read_page
from chalicelib.core.search.index import IndexNames
from chalicelib.core.search.query import SearchFilter, editions_body, names_body, read_test, search_body
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.engine.stream import SearchIndex
from local.child import HOST, free_port
from tests.adapters.examples import NOW, definition, fresh, submitted, task


@pytest.fixture(params=["memory", "opensearch"])
def index(request: pytest.FixtureRequest) -> SearchIndex:
    if request.param == "memory":
        return MemorySearch()
    url: str = request.getfixturevalue("search_engine")
    return OpenSearchIndex(SearchConnection(url), IndexNames(fresh("stage")))


def execution(tenant: str = "t", number: int = 1, **changes: Any) -> Execution:
    made = submitted(tenant, f"{number:08x}", started_at=NOW + timedelta(hours=6 * number))
    return copy_with(made, version=1, state=State.STEP_STARTED, **changes)


def failed(number: int, name: str = "http.Timeout", **changes: Any) -> Execution:
    error = Failure(name, "the bank did not answer", "pay")
    return copy_with(execution(number=number, **changes), state=State.FAILED, error=error)


def put(index: SearchIndex, *things: Execution | SearchEntry) -> None:
    entries = [each if isinstance(each, SearchEntry) else execution_entry(each) for each in things]
    assert index.write(entries) == [None] * len(things)
    index.refresh()


def page(
    index: SearchIndex, limit: int = 10, after: Sequence[Json] | None = None, tenant: str = "t", **wanted: Any
) -> SearchPage:
    return read_page(index.search(search_body(SearchFilter(tenant, **wanted), limit, after)), limit)


def numbers(found: SearchPage) -> list[int]:
    return [int(each["id"].rpartition(":")[2], 16) for each in found.items]


def comparing(**attributes: str) -> dict[str, Any]:
    return {"attributes": [read_test(name, text) for name, text in attributes.items()]}


class TestWrites:
    def test_nothing_is_found_before_anything_is_written(self, index: SearchIndex) -> None:
        found = page(index)
        assert (found.items, found.total, found.following, found.freshness.lag_ms) == ([], 0, None, None)
        assert set(found.counts) == {"state", "definition", "step", "error", "day"}

    def test_of_two_versions_the_higher_one_stays_whichever_came_last(self, index: SearchIndex) -> None:
        old, new = execution(), copy_with(execution(), version=2, state=State.SUCCEEDED)
        put(index, old, new)
        put(index, old)
        put(index, new)
        assert [each["state"] for each in page(index).items] == ["ExecutionSucceeded"]

    def test_a_definition_is_retired_and_posted_again_as_one_version(self, index: SearchIndex) -> None:
        record = definition("t", version=2)
        for retired, state in ((False, "active"), (True, "retired"), (False, "active")):
            put(index, definition_entry(copy_with(record, retired=retired)))
            assert [each["state"] for each in page(index, kind=SearchKind.DEFINITION).items] == [state]
        put(index, definition_entry(copy_with(record, version=1, retired=True)))
        assert [each["state"] for each in page(index, kind=SearchKind.DEFINITION).items] == ["active"]

    def test_what_is_gone_is_found_no_more_and_may_go_twice(self, index: SearchIndex) -> None:
        put(index, execution())
        gone = gone_entry(SearchKind.EXECUTION, "t", execution().id, execution().started_at + timedelta(minutes=1))
        put(index, gone)
        put(index, gone)
        put(index, execution())
        assert page(index).total == 0
        again = copy_with(execution(), version=0, started_at=execution().started_at + timedelta(minutes=2))
        put(index, again)
        put(index, gone)
        assert numbers(page(index)) == [1], "another one has its name"

    def test_a_write_of_no_documents_does_nothing(self, index: SearchIndex) -> None:
        assert index.write([]) == []

    def test_the_lag_of_the_batch_that_was_read_last_is_told_and_found_by_nobody(self, index: SearchIndex) -> None:
        put(index, execution(), lag_entry(NOW, NOW + timedelta(seconds=2)))
        put(index, lag_entry(NOW + timedelta(seconds=5), NOW + timedelta(seconds=5, milliseconds=40)))
        found = page(index)
        assert (found.freshness.lag_ms, found.freshness.changed_at) == (40, NOW + timedelta(seconds=5))
        assert (found.total, page(index, tenant="").total) == (1, 0)


class TestFilters:
    def test_each_is_found_by_what_it_is(self, index: SearchIndex) -> None:
        put(
            index,
            execution(number=1, started_by="ada", step="greet"),
            failed(2, step="pay", definition_id="pay", definition_version=3),
            failed(3, "Boom", reason="stopped by mistake"),
        )
        assert numbers(page(index)) == [3, 2, 1]
        assert numbers(page(index, oldest_first=True)) == [1, 2, 3]
        assert numbers(page(index, states=["failed"])) == [3, 2]
        assert numbers(page(index, states=["StepStarted", "failed"])) == [3, 2, 1]
        assert numbers(page(index, definition="pay")) == [2]
        assert numbers(page(index, version=3)) == [2]
        assert numbers(page(index, step="pay")) == [2]
        assert numbers(page(index, error="Boom")) == [3]
        assert numbers(page(index, started_by="ada")) == [1]
        assert numbers(page(index, since=NOW + timedelta(hours=12))) == [3, 2]
        assert numbers(page(index, until=NOW + timedelta(hours=12))) == [2, 1]
        assert numbers(page(index, editions=[edition("pay", 3)])) == [2]
        assert numbers(page(index, editions=[])) == []

    def test_words_are_found_in_ids_attributes_and_errors_all_of_them(self, index: SearchIndex) -> None:
        put(index, execution(number=1, attributes={"order": "Blue-77"}), failed(2))
        assert numbers(page(index, words="blue")) == [1]
        assert numbers(page(index, words="77 BLUE")) == [1]
        assert numbers(page(index, words="blue answer")) == []
        assert numbers(page(index, words="bank answer")) == [2]
        assert numbers(page(index, words=execution(number=2).id)) == [2]
        assert numbers(page(index, words="00000002")) == [2]

    def test_the_parts_of_an_id_are_words_be_they_digits_or_letters(self, index: SearchIndex) -> None:
        lettered = copy_with(submitted("t", "abcdef", started_at=NOW), version=1)
        put(index, execution(number=1), lettered)
        assert page(index, words=lettered.definition_id).total == 2
        assert numbers(page(index, words="abcdef")) == [0xABCDEF]
        assert numbers(page(index, words=lettered.id.partition(":")[2])) == [0xABCDEF]

    def test_attributes_are_compared_by_their_type(self, index: SearchIndex) -> None:
        values: list[Any] = ["9", 9, 100.5, True, "2026-01-31T10:00:00+01:00"]
        put(index, *(execution(number=n, attributes={"a": each, "b": 5}) for n, each in enumerate(values, 1)))
        assert numbers(page(index, **comparing(a="9"))) == [2, 1]
        assert numbers(page(index, **comparing(a='"9"'))) == [2, 1]
        assert numbers(page(index, **comparing(a="9.0"))) == [2]
        assert numbers(page(index, **comparing(a=">9"))) == [3]
        assert numbers(page(index, **comparing(a=">=9"))) == [3, 2]
        assert numbers(page(index, **comparing(a="<10"))) == [2]
        assert numbers(page(index, **comparing(a="<=100.5"))) == [3, 2]
        assert numbers(page(index, **comparing(a="9..10"))) == [2]
        assert numbers(page(index, **comparing(a="true"))) == [4]
        assert numbers(page(index, **comparing(a="2026-01-31T09:00:00Z"))) == [5]
        assert numbers(page(index, **comparing(a="<2026-02-01"))) == [5]
        assert numbers(page(index, **comparing(a="20*"))) == [5]
        assert numbers(page(index, **comparing(a="9", b="5"))) == [2, 1]
        assert numbers(page(index, **comparing(a="5"))) == [], "that is b"
        assert numbers(page(index, **comparing(b="9"))) == [], "that is a"

    def test_kinds_are_apart(self, index: SearchIndex) -> None:
        put(index, execution(), task_entry(task("t")), definition_entry(definition("t")))
        assert [page(index, kind=kind).total for kind in SearchKind] == [1, 1, 1]
        assert [each["title"] for each in page(index, kind=SearchKind.TASK, words="approve").items] == [
            "Approve the order"
        ]


class TestTenants:
    ESCAPES = (
        "tenant:other",
        "* OR tenant:other",
        '") OR (tenant:other',
        "*",
        "other",
        "other:order-fulfilment:00000001",
        '{"match_all": {}}',
        "a\u0000b",
        "\ud800",
    )

    @pytest.mark.parametrize("words", ESCAPES)
    def test_words_are_words_and_lead_to_no_other_tenant(self, index: SearchIndex, words: str) -> None:
        put(index, execution("other", attributes={"a": "secret"}))
        assert page(index, words=words).total == 0
        for given in ({"states": [words]}, {"definition": words}, {"step": words}, {"error": words}):
            assert page(index, **given).total == 0

    @pytest.mark.parametrize("text", [*ESCAPES, '"*"', "..", "[* TO *]", "/.*/"])
    def test_what_an_attribute_is_compared_with_leads_to_no_other_tenant(self, index: SearchIndex, text: str) -> None:
        put(index, execution("other", attributes={"a": "secret"}))
        assert page(index, **comparing(a=text)).total == 0

    def test_counts_and_versions_are_of_the_tenant_alone(self, index: SearchIndex) -> None:
        put(index, execution("other"), execution("t", definition_version=4))
        found = page(index)
        assert (found.total, found.counts["definition"]) == (1, {"order-fulfilment": 1})
        asked = editions_body("t", SearchKind.EXECUTION)
        assert read_editions(index.search(asked)) == [("order-fulfilment", 4)]

    def test_names_of_attributes_are_those_of_what_may_be_seen(self, index: SearchIndex) -> None:
        put(index, execution("other", attributes={"a": 1}), execution("t", attributes={"b": 1}, definition_version=4))
        wanted = SearchFilter("t", SearchKind.EXECUTION)
        assert read_names(index.search(names_body(wanted))) == {"b"}
        hidden = copy_with(wanted, editions=[edition("order-fulfilment", 3)])
        assert read_names(index.search(names_body(hidden))) == frozenset()

    def test_a_version_that_is_not_known_is_0(self, index: SearchIndex) -> None:
        put(index, task_entry(task("t")))
        assert read_editions(index.search(editions_body("t", SearchKind.TASK))) == [("order-fulfilment", 0)]
        assert page(index, kind=SearchKind.TASK, editions=[edition("order-fulfilment", 0)]).total == 1


class TestPages:
    def test_a_list_goes_on_behind_a_place_whatever_is_written_meanwhile(self, index: SearchIndex) -> None:
        put(index, *(execution(number=number) for number in range(1, 6)))
        first = page(index, 2)
        put(index, execution(number=9), copy_with(execution(number=3), version=5, state=State.SUCCEEDED))
        second = page(index, 2, first.following)
        last = page(index, 2, second.following)
        assert [numbers(each) for each in (first, second, last)] == [[5, 4], [3, 2], [1]]
        assert (last.following, last.total) == (None, 6)

    def test_those_of_one_instant_are_in_the_order_of_their_ids(self, index: SearchIndex) -> None:
        put(index, *(copy_with(execution(number=number), started_at=NOW) for number in (3, 1, 2)))
        found = page(index, 2)
        assert (numbers(found), numbers(page(index, 2, found.following))) == ([3, 2], [1])

    def test_counts_are_of_all_pages(self, index: SearchIndex) -> None:
        put(index, failed(1, step="pay"), failed(2, "Boom", step="pack"), failed(3, step="pay"), execution(number=4))
        first = page(index, 1)
        assert first.counts == {
            "state": {"failed": 3, "running": 1},
            "definition": {"order-fulfilment": 4},
            "step": {"pay": 2, "pack": 1, "greet": 1},
            "error": {"http.Timeout": 2, "Boom": 1},
            "day": {"2026-02-01": 2, "2026-01-31": 2},
        }
        assert page(index, 1, first.following).counts == first.counts


class TestCosts:
    def test_they_are_summed_up_as_things_are_counted_on_all_pages(self, index: SearchIndex) -> None:
        costs = [ExecutionCost(writes=n) for n in (1, 2, 4)]
        unit = ExecutionCost(writes=1).dollars()
        put(
            index,
            execution(number=1, cost=costs[0]),
            failed(2, step="pay", cost=costs[1]),
            failed(5, step="pay", cost=costs[2]),
        )
        found = page(index, 1)
        assert [each["dollars"] for each in found.items] == [pytest.approx(4 * unit)]
        assert found.cost is not None
        assert found.cost.total == pytest.approx(7 * unit)
        assert found.cost.by == {
            "state": pytest.approx({"running": unit, "failed": 6 * unit}),
            "definition": pytest.approx({"order-fulfilment": 7 * unit}),
            "step": pytest.approx({"greet": unit, "pay": 6 * unit}, rel=0.01),
            "error": pytest.approx({"http.Timeout": 6 * unit}),
            "day": pytest.approx({"2026-01-31": 3 * unit, "2026-02-01": 4 * unit}),
        }

    def test_each_step_has_what_it_has_cost_itself(self, index: SearchIndex) -> None:
        one = ExecutionCost(writes=3).charged("pay").wrote(1)
        put(index, execution(number=1, cost=one), execution(number=2, step="pay", cost=ExecutionCost(writes=8)))
        unit, found = ExecutionCost(writes=1).dollars(), page(index)
        assert found.cost is not None
        assert found.cost.by["step"] == pytest.approx({"pay": 11 * unit, "greet": unit}, rel=0.01)
        assert found.counts["step"] == {"greet": 1, "pay": 1}

    def test_what_is_no_execution_has_none(self, index: SearchIndex) -> None:
        put(index, execution(), definition_entry(definition("t")))
        found = page(index, kind=SearchKind.DEFINITION)
        assert (found.cost, [each["dollars"] for each in found.items]) == (None, [None])


class TestRebuilds:
    def test_what_is_written_goes_to_both_indexes_and_the_new_one_takes_over(self, index: SearchIndex) -> None:
        put(index, execution(number=1), execution(number=2))
        assert index.building() is None
        new = index.begin("7")
        assert index.building() == new
        put(index, execution(number=3))
        assert numbers(page(index)) == [3, 2, 1], "the old one answers until then"
        one, two, three = (execution_entry(execution(number=number)).key for number in (1, 2, 3))
        assert [*index.versions(new, [one, two, three])] == [three]
        put(index, execution(number=2))
        listed = index.listed(new, "", 10)
        assert {each["id"] for each in listed} == {execution(number=number).id for number in (2, 3)}
        assert index.listed(new, str(listed[0]["key"]), 1) == listed[1:]
        index.switch()
        assert (index.building(), numbers(page(index))) == (None, [3, 2])
        index.clean()
        assert [*index.in_use()] == [new]

    def test_an_index_that_was_made_because_there_was_none_says_so_until_it_is_filled(self, index: SearchIndex) -> None:
        put(index, execution())
        assert (page(index).is_whole, page(index).total) == (False, 1)
        index.write([unfilled_entry(datetime.now(UTC), is_over=True)])
        index.refresh()
        assert (page(index).is_whole, page(index).total) == (True, 1)

    def test_one_that_is_built_anew_is_whole(self, index: SearchIndex) -> None:
        put(index, execution())
        index.begin("7")
        put(index, execution())
        assert not page(index).is_whole
        index.switch()
        assert page(index).is_whole

    def test_one_that_is_given_up_leaves_the_old_index(self, index: SearchIndex) -> None:
        put(index, execution())
        index.begin("7")
        index.abandon()
        index.abandon()
        assert (index.building(), page(index).total) == (None, 1)


class TestOpenSearch:
    @pytest.fixture
    def names(self) -> IndexNames:
        return IndexNames(fresh("stage"))

    def test_a_document_that_is_no_document_is_refused_and_the_others_are_written(
        self, search_engine: str, names: IndexNames
    ) -> None:
        index = OpenSearchIndex(SearchConnection(search_engine), names)
        good, bad = execution_entry(execution(number=1)), execution_entry(execution(number=2))
        assert bad.document is not None
        bad = copy_with(bad, document={**bad.document, "startedAt": "never"})
        assert index.write([bad, good]) == ["mapper_parsing_exception", None]
        index.refresh()
        assert numbers(page(index)) == [1]

    def test_an_engine_that_does_not_answer_is_unavailable(self, names: IndexNames) -> None:
        index = OpenSearchIndex(SearchConnection(f"http://{HOST}:{free_port()}"), names)
        with pytest.raises(UnavailableError, match="the search engine cannot be reached"):
            index.write([execution_entry(execution())])

    def test_an_answer_that_is_not_expected_is_none(self, search_engine: str) -> None:
        with pytest.raises(UnavailableError, match="with 404"):
            SearchConnection(search_engine).ask("GET", "/nothing-here")

    def test_requests_are_signed(self, search_engine: str, names: IndexNames) -> None:
        signer = Signer(lambda: ReadOnlyCredentials("me", "secret", "token"), "eu-west-1")
        index = OpenSearchIndex(SearchConnection(search_engine, signer), names)
        put(index, execution())
        assert page(index).total == 1
