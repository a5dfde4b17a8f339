from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core.search.documents import SearchKind
from chalicelib.core.search.found import read_names
from chalicelib.core.search.query import NAMED, SearchFilter, names_body, read_test, search_body
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with


def clauses(text: str) -> list[Json]:
    return [dict(each) for each in read_test("total", text).clauses]


class TestAttributes:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("A-1", [{"term": {"attributes.text": "A-1"}}]),
            ("true", [{"term": {"attributes.text": "true"}}]),
            ("100", [{"term": {"attributes.text": "100"}}, {"term": {"attributes.number": 100.0}}]),
            ("1e999", [{"term": {"attributes.text": "1e999"}}]),
            ("9007199254740993", [{"term": {"attributes.text": "9007199254740993"}}]),
            (
                "2026-01-31",
                [
                    {"term": {"attributes.text": "2026-01-31"}},
                    {"term": {"attributes.instant": "2026-01-31T00:00:00.000Z"}},
                ],
            ),
            ('">100"', [{"term": {"attributes.text": ">100"}}]),
            ('"', [{"term": {"attributes.text": '"'}}]),
            ("A-*", [{"prefix": {"attributes.text": "A-"}}]),
            ("A*-?", [{"term": {"attributes.text": "A*-?"}}]),
            (">100", [{"range": {"attributes.number": {"gt": 100.0}}}]),
            (">=1.5", [{"range": {"attributes.number": {"gte": 1.5}}}]),
            ("<-1", [{"range": {"attributes.number": {"lt": -1.0}}}]),
            ("<=2026-01-31T09:00:00+01:00", [{"range": {"attributes.instant": {"lte": "2026-01-31T08:00:00.000Z"}}}]),
            ("5..9", [{"range": {"attributes.number": {"gte": 5.0, "lte": 9.0}}}]),
            ("a..b", [{"term": {"attributes.text": "a..b"}}]),
            ("5..", [{"term": {"attributes.text": "5.."}}]),
        ],
    )
    def test_what_is_wanted_is_read_by_what_it_is(self, text: str, found: list[Json]) -> None:
        assert clauses(text) == found

    @pytest.mark.parametrize("text", [">", ">x", ">=true", "5..2026-01-31"])
    def test_only_numbers_and_instants_are_compared(self, text: str) -> None:
        with pytest.raises(InvalidError, match=r"attribute\.total compares numbers and instants, as >=100"):
            read_test("total", text)

    @pytest.mark.parametrize("name", ["", "*", "a.b", "tot?l", "1a", "a" * 65])
    def test_no_other_name_is_one(self, name: str) -> None:
        with pytest.raises(InvalidError, match="names no search attribute"):
            read_test(name, "x")


FILTERS: Any = {
    "words": "late order",
    "states": ["failed"],
    "definition": "pay",
    "version": 2,
    "step": "charge",
    "error": "http.Timeout",
    "started_by": "ada",
    "since": datetime(2026, 1, 1, tzinfo=UTC),
    "until": datetime(2026, 2, 1, tzinfo=UTC),
    "attributes": [read_test("total", ">100")],
    "editions": ["pay@2"],
}


class TestBodies:
    def test_the_tenant_and_the_kind_are_asked_for_whatever_else_is(self) -> None:
        for wanted in (SearchFilter("t"), SearchFilter("t", SearchKind.EXECUTION, **FILTERS)):
            filters = search_body(wanted, 10)["query"]["bool"]["filter"]
            assert filters[:2] == [{"term": {"tenant": "t"}}, {"term": {"kind": "execution"}}]

    def test_everything_that_is_wanted_is_one_clause(self) -> None:
        filters = search_body(SearchFilter("t", **FILTERS), 10)["query"]["bool"]["filter"]
        assert filters[2:] == [
            {"term": {"definition": "pay"}},
            {"term": {"version": 2}},
            {"term": {"step": "charge"}},
            {"term": {"error": "http.Timeout"}},
            {"term": {"startedBy": "ada"}},
            {"terms": {"states": ["failed"]}},
            {"terms": {"edition": ["pay@2"]}},
            {"range": {"startedAt": {"gte": "2026-01-01T00:00:00.000Z", "lte": "2026-02-01T00:00:00.000Z"}}},
            {
                "bool": {
                    "should": [
                        {"match": {"words": {"query": "late order", "operator": "and"}}},
                        {"term": {"id": "late order"}},
                    ],
                    "minimum_should_match": 1,
                }
            },
            {
                "nested": {
                    "path": "attributes",
                    "query": {
                        "bool": {
                            "filter": [
                                {"term": {"attributes.name": "total"}},
                                {
                                    "bool": {
                                        "should": [{"range": {"attributes.number": {"gt": 100.0}}}],
                                        "minimum_should_match": 1,
                                    }
                                },
                            ]
                        }
                    },
                }
            },
        ]

    def test_a_page_asks_for_one_more_and_goes_on_behind_a_place(self) -> None:
        first, later = (
            search_body(SearchFilter("t"), 10),
            search_body(SearchFilter("t", oldest_first=True), 10, [5, "x"]),
        )
        assert (first["size"], "search_after" in first, first["sort"]) == (
            11,
            False,
            [{"startedAt": "desc"}, {"id": "desc"}],
        )
        assert (later["search_after"], later["sort"][0]) == ([5, "x"], {"startedAt": "asc"})


def test_the_names_of_attributes_are_asked_for_among_what_somebody_may_see() -> None:
    wanted = SearchFilter("t", SearchKind.TASK, editions=["d@1"])
    seen = [{"term": {"tenant": "t"}}, {"term": {"kind": "task"}}, {"terms": {"edition": ["d@1"]}}]
    assert names_body(wanted)["query"] == {"bool": {"filter": seen}}
    assert names_body(copy_with(wanted, editions=None))["query"] == {"bool": {"filter": seen[:2]}}


def test_of_more_names_than_are_looked_at_none_is_unknown() -> None:
    def answer(count: int) -> Any:
        return {"aggregations": {"attributes": {"name": {"buckets": [{"key": f"a{n}"} for n in range(count)]}}}}

    assert read_names(answer(2)) == {"a0", "a1"}
    assert read_names(answer(NAMED)) is None
