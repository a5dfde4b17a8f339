from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory.search import MADE, MemorySearch
from chalicelib.adapters.memory.stores import MemoryClock, MemoryExecutions
from chalicelib.core.search.documents import definition_entry, execution_entry, lag_entry, task_entry
from chalicelib.core.search.query import SearchFilter, read_test
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.core.waits.task import TaskFilter, TaskStatus
from chalicelib.usecases.search import SearchService
from chalicelib.wiring.graph import wiring
from tests.application import Sedo, T, assert_problem

ORDER: dict[str, Json] = {
    "id": "order",
    "title": "Send an order",
    "search": {"orderId": "${input.id}", "total": "${input.total}"},
    "steps": [{"id": "approve", "type": "task", "title": "Approve the order", "when": "input.total > `100`"}],
}


def index(sedo: Sedo, tenant: str = "123") -> None:
    """Write everything into the index, as the streams do."""
    services, search = wiring().services, wiring().routes.search().service.index
    assert isinstance(search, MemorySearch)
    dependencies = wiring().dependencies
    executions = [dependencies.executions.get(name) for name in sedo.executions.items]
    names = [each.id for status in TaskStatus for each in dependencies.tasks.list(tenant, TaskFilter(status), 100)]
    search.write([execution_entry(each) for each in executions if each is not None])
    tasks = [dependencies.tasks.get(tenant, name) for name in names]
    search.write([task_entry(each) for each in tasks if each is not None])
    search.write([definition_entry(each) for each in services.definitions.list_definitions(tenant, 100, None)])
    search.write([lag_entry(sedo.clock.now(), sedo.clock.now())])


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Sedo:
    monkeypatch.setenv("SEDO_SEARCH_URL", "http://memory")
    sedo: Sedo = request.getfixturevalue("sedo")
    orders(sedo)
    index(sedo)
    return sedo


def orders(sedo: Sedo) -> None:
    assert sedo.ask("POST", T + "/definitions", ORDER).status_code == 201
    for name, total in (("A-1", 50), ("A-2", 500), ("B-1", 7.5)):
        body: Json = {"input": {"id": name, "total": total}, "name": name.lower()}
        assert sedo.ask("POST", T + "/definitions/order/execute", body).status_code == 201
        sedo.clock.instant += timedelta(seconds=1)
    sedo.deliver()


def ids(found: Any) -> list[str]:
    return sorted(each["attributes"]["orderId"] for each in found["items"])


@pytest.mark.parametrize(
    "query", ["state=open", "state=running,retired", "kind=task&state=running", "kind=definition&state=cancelled"]
)
@pytest.mark.parametrize("engine", ["searched", "sedo"])
def test_a_state_of_another_kind_is_refused_whatever_answers(
    query: str, engine: str, request: pytest.FixtureRequest
) -> None:
    sedo: Sedo = request.getfixturevalue(engine)
    problem = assert_problem(sedo.ask("GET", f"{T}/search?{query}"), 400)
    assert "is a state of kind=" in str(problem["detail"])


@pytest.mark.parametrize("engine", ["searched", "sedo"])
def test_the_members_of_what_is_found_can_be_chosen(engine: str, request: pytest.FixtureRequest) -> None:
    sedo: Sedo = request.getfixturevalue(engine)
    if engine == "sedo":
        orders(sedo)
    items = sedo.get("/search?fields=id,step&sort=startedAt&limit=1")["items"]
    assert items == [{"id": "123:order:a-1", "step": "approve"}]
    assert_problem(sedo.ask("GET", f"{T}/search?fields=total"), 400)


def test_executions_and_tasks_can_be_cancelled(searched: Sedo) -> None:
    assert searched.get("/search?state=cancelled")["total"] == 0
    assert searched.get("/search?kind=task&state=cancelled")["total"] == 0


class TestFound:
    def test_a_business_key_finds_its_execution(self, searched: Sedo) -> None:
        found = searched.get("/search?attribute.orderId=A-2")
        assert [each["id"] for each in found["items"]] == ["123:order:a-2"]
        assert found["items"][0]["attributes"] == {"orderId": "A-2", "total": 500}
        assert (found["total"], found["source"], found["lagSeconds"]) == (1, "index", 0.0)
        assert not found["isWhole"], "nobody has filled it"
        assert found["counts"]["definition"] == {"order": 1}
        assert found["counts"]["state"] == {"running": 1}

    def test_an_attribute_that_nothing_has_is_named_with_the_nearest_one(self, searched: Sedo) -> None:
        said = "no execution that you may see has an attribute 'ordrId' (did you mean 'orderId'?)"
        found = searched.get("/search?attribute.ordrId=A-2&attribute.orderId=A-2")
        assert (found["total"], found["unknownAttributes"]) == (0, {"ordrId": said})
        for query in ("attribute.orderId=none", "attribute.orderId=A-2", "q=none"):
            assert "unknownAttributes" not in searched.get(f"/search?{query}")

    def test_where_the_engine_does_not_say_which_there_are_the_page_is_empty(self) -> None:
        class Silent(MemorySearch):
            def search(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
                if "attributes" in body["aggs"]:
                    raise UnavailableError
                return super().search(body)

        service = SearchService(Silent(), MemoryExecutions(), MemoryClock(MADE))
        page = service.find(SearchFilter("t", attributes=[read_test("a", "1")]), 10)
        assert (page.total, page.unknown) == (0, {})

    def test_it_names_none_of_what_somebody_may_not_see(self, searched: Sedo) -> None:
        found = searched.ask("GET", "/sedo/tenants/124/search?attribute.ordrId=A-2").json_body
        assert found["unknownAttributes"] == {"ordrId": "no execution that you may see has an attribute 'ordrId'"}

    def test_attributes_words_and_states_go_together(self, searched: Sedo) -> None:
        assert ids(searched.get("/search?attribute.total=%3E10")) == ["A-1", "A-2"]
        assert ids(searched.get("/search?attribute.orderId=A-*")) == ["A-1", "A-2"]
        assert ids(searched.get("/search?attribute.orderId=A-*&attribute.total=7..100")) == ["A-1"]
        assert ids(searched.get("/search?q=b-1")) == ["B-1"]
        assert ids(searched.get("/search?state=succeeded")) == ["A-1", "B-1"]
        assert ids(searched.get("/search?definition=other")) == []

    def test_tasks_and_definitions_are_found_as_well(self, searched: Sedo) -> None:
        (task,) = searched.get("/search?kind=task&q=approve&state=open")["items"]
        assert (task["title"], task["executionId"], task["step"]) == ("Approve the order", "123:order:a-2", "approve")
        assert task["version"] == 1
        assert searched.get("/search?kind=task&definition=order&version=1")["total"] > 0
        assert searched.get("/search?kind=task&definition=order&version=2")["total"] == 0
        (definition,) = searched.get("/search?kind=definition&q=send&state=active")["items"]
        assert (definition["id"], definition["title"]) == ("order", "Send an order")

    def test_pages_go_on_by_their_links_also_while_something_new_is_written(self, searched: Sedo) -> None:
        pages = searched.pages(T + "/search?limit=2&sort=startedAt")
        first = next(pages)
        searched.ask("POST", T + "/definitions/order/execute", {"input": {"id": "C-1", "total": 1}})
        index(searched)
        rest = [each for page in pages for each in page["items"]]
        found = [each["id"] for each in [*first["items"], *rest]]
        assert (len(found), len(set(found))) == (4, 4)

    def test_a_cursor_is_of_one_search_alone(self, searched: Sedo) -> None:
        link = searched.ask("GET", T + "/search?limit=1").headers["Link"]
        other = link.partition("<")[2].partition(">")[0].replace("limit=1", "limit=1&q=order")
        assert_problem(searched.ask("GET", other), 400)

    def test_another_tenant_has_nothing_of_it(self, searched: Sedo) -> None:
        found = searched.ask("GET", "/sedo/tenants/124/search?q=order&attribute.orderId=A-2").json_body
        assert (found["items"], found["total"], found["counts"]["state"]) == ([], 0, {})


class TestRefused:
    @pytest.mark.parametrize(
        ("query", "detail"),
        [
            ("stat=open", "there is no query parameter 'stat' (did you mean 'state'?)"),
            ("attributes.a=1", "there is no query parameter 'attributes.a' (did you mean 'attribute.*'?)"),
            ("state=runing", "'runing' (did you mean 'running'?)"),
            ("attribute.=1", "attribute. names no search attribute"),
            ("attribute.a*=1", "attribute.a* names no search attribute"),
            ("attribute.*=1", "attribute.* names no search attribute"),
            ("attribute.a=%3Ex", "attribute.a compares numbers and instants"),
            ("attribute.a=1&attribute.a=2", "'attribute.a' is given 2 times"),
            ("kind=event", "'event'"),
            ("q=", "q "),
            ("from=2026-02-01&to=2026-01-01", "nothing is between"),
            ("&".join(f"attribute.a{n}=1" for n in range(21)), "21 attributes are asked for, and 20 are the most"),
        ],
    )
    def test_what_cannot_be_meant_is_told_with_what_is_near(self, searched: Sedo, query: str, detail: str) -> None:
        assert detail in assert_problem(searched.ask("GET", f"{T}/search?{query}"), 400)["detail"]


class TestWithoutAnIndex:
    def test_the_tables_answer_what_they_can(self, sedo: Sedo) -> None:
        orders(sedo)
        found = sedo.get("/search?state=succeeded&definition=order&limit=1")
        assert [each["state"] for each in found["items"]] == ["ExecutionSucceeded"]
        assert (found["source"], found["total"], found["counts"], found["lagSeconds"]) == ("tables", None, None, None)
        assert found["isWhole"]
        pages = sedo.pages(T + "/search?limit=1")
        assert len([each for page in pages for each in page["items"]]) == 3

    @pytest.mark.parametrize("query", ["q=x", "step=a", "error=Boom", "attribute.a=1", "kind=task", "kind=definition"])
    def test_what_they_cannot_names_the_setting(self, sedo: Sedo, query: str) -> None:
        detail = assert_problem(sedo.ask("GET", f"{T}/search?{query}"), 400)["detail"]
        assert detail.endswith(
            "needs a search engine, and this installation has none: its operator sets SEDO_SEARCH_URL"
        )
