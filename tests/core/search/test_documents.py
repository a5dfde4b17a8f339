from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.definitions.record import Subject
from chalicelib.core.executions.cost import ExecutionCost
from chalicelib.core.executions.model import Failure, Parent, State
from chalicelib.core.search.documents import (
    TEXT_CHARS,
    WORDS_CHARS,
    definition_entry,
    document_key,
    execution_entry,
    gone_entry,
    instant_of,
    parted,
    task_entry,
)
from chalicelib.core.search.index import IndexNames, template
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.task import TaskStatus
from tests.adapters.examples import NOW, definition, submitted, task

AT = "2026-01-31T09:00:00.000Z"


def attributes(**given: Any) -> Any:
    entry = execution_entry(copy_with(submitted("t"), attributes=given))
    return entry.document and entry.document["attributes"]


class TestExecutions:
    def test_each_version_is_higher_than_the_one_before_and_than_that_of_any_that_had_the_name_before(self) -> None:
        first, later = submitted("t"), submitted("t", started_at=NOW + timedelta(seconds=2))
        gone = gone_entry("execution", "t", first.id, NOW + timedelta(milliseconds=900))
        long_lived = copy_with(first, version=1_000_000)
        versions = [execution_entry(each).version for each in (first, copy_with(first, version=1), long_lived)]
        found = [*versions, gone.version, execution_entry(later).version]
        assert found == sorted(set(found))

    def test_it_is_named_by_a_hash(self) -> None:
        entry = execution_entry(submitted("t"))
        assert (entry.version_type, entry.key) == ("external", document_key("execution", "t", entry.id))

    def test_what_lists_show_is_shown_with_the_error_and_the_attributes(self) -> None:
        failed = copy_with(
            submitted("t"),
            version=7,
            state=State.FAILED,
            ended_at=NOW,
            error=Failure("http.Timeout", "no answer", "pay"),
            parent=Parent("t:p:1", "main", 1),
            started_by="ada",
            attributes={"order": "A-1"},
            cost=ExecutionCost(writes=2),
        )
        entry = execution_entry(failed)
        assert entry.document is not None
        assert entry.document["shown"] == {
            "kind": "execution",
            "id": failed.id,
            "tenantId": "t",
            "definitionId": "order-fulfilment",
            "version": 1,
            "title": None,
            "state": "ExecutionFailed",
            "step": "greet",
            "startedAt": AT,
            "endedAt": AT,
            "executionId": None,
            "parentId": "t:p:1",
            "startedBy": "ada",
            "error": {"name": "http.Timeout", "message": "no answer"},
            "attributes": {"order": "A-1"},
            "dollars": round(ExecutionCost(writes=2).dollars(), 9),
        }
        assert entry.document["costs"] == [
            {"step": "greet", "dollars": pytest.approx(ExecutionCost(writes=2).dollars(), rel=0.01)}
        ]
        assert (entry.document["states"], entry.document["error"]) == (["failed", "ExecutionFailed"], "http.Timeout")
        assert entry.document["words"] == f"{parted(failed.id)} A-1 http.Timeout no answer"

    def test_texts_are_cut(self) -> None:
        error = Failure("e" * 2000, "x" * 20_000, "pay")
        document = execution_entry(copy_with(submitted("t"), error=error, reason="y" * 20_000)).document
        assert document is not None
        assert len(document["words"]) == WORDS_CHARS
        assert [len(each) for each in document["shown"]["error"].values()] == [TEXT_CHARS, TEXT_CHARS]


class TestAttributes:
    @pytest.mark.parametrize(
        ("given", "found"),
        [
            ("A-1", {"text": "A-1"}),
            (True, {"text": "true"}),
            (7, {"text": "7", "number": 7}),
            (9.5, {"text": "9.5", "number": 9.5}),
            (2**60, {"text": str(2**60), "number": float(2**60)}),
            ("2026-01-31T10:00:00+01:00", {"text": "2026-01-31T10:00:00+01:00", "instant": AT}),
            ("2026-01-31", {"text": "2026-01-31", "instant": "2026-01-31T00:00:00.000Z"}),
            ("2026-13-31", {"text": "2026-13-31"}),
        ],
    )
    def test_each_is_typed_by_what_it_is(self, given: Any, found: dict[str, Any]) -> None:
        assert attributes(a=given) == [{"name": "a", **found}]

    def test_an_instant_that_no_calendar_has_is_a_text(self) -> None:
        assert instant_of("0001-01-01T00:00:00+14:00") is None


class TestOthers:
    def test_a_task_is_found_by_its_title_its_people_and_its_execution(self) -> None:
        done = task("t", assignees=("ada",), groups=("staff",), status=TaskStatus.REJECTED, closed_at=NOW)
        entry = task_entry(copy_with(done, version=4))
        assert entry.document is not None
        assert entry.document["status"] == "rejected"
        assert entry.document["words"] == f"{done.id} Approve the order {parted(done.execution_id)} ada staff"
        assert (entry.document["shown"]["executionId"], entry.document["shown"]["version"]) == (done.execution_id, None)

    def test_a_definition_is_found_by_its_title_and_description_also_once_it_is_retired(self) -> None:
        author = Subject("ada", "keys", frozenset(), frozenset(), None)
        record = copy_with(definition("t", version=3), created_by=author)
        record = copy_with(record, document={**record.document, "title": "Pay", "description": "Pays an order."})
        entry, retired = definition_entry(record), definition_entry(copy_with(record, retired=True))
        assert entry.document is not None
        assert retired.document is not None
        assert (entry.version, entry.version_type) == (3, "external_gte")
        assert (entry.document["status"], retired.document["status"]) == ("active", "retired")
        assert entry.document["words"] == "order-fulfilment Pay Pays an order."
        assert (entry.document["shown"]["title"], entry.document["shown"]["startedBy"]) == ("Pay", "ada")


def test_names_are_those_of_the_stage() -> None:
    names = IndexNames("Sedo")
    assert (names.alias, names.building, names.index("7")) == (
        "sedo-search",
        "sedo-search-building",
        "sedo-search-v3-7",
    )
    assert template(names)["index_patterns"] == ["sedo-search-v*"]
