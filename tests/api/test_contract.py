"""The contract, chalicelib/openapi.yaml, against the routes of app.py, what answers them, and what checks requests."""

import inspect
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from chalice.app import Chalice, Response
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

import chalicelib.api
from app import app
from chalicelib.api import contract
from chalicelib.api.http import announced
from chalicelib.api.schedules import ScheduleApi
from chalicelib.api.search import SearchApi
from chalicelib.core.schemas.dialect import errors_of
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import Json
from chalicelib.wiring.routes import Routes
from docs.contract import ContractError, compiled, contract_json
from tests.api.declared import CONTRACT, OPERATIONS, examples, operations, validate, validator

API = Path(next(iter(chalicelib.api.__path__)))
JSON = ["application/json"]
WITH_JSON = {name: operation for name, operation in OPERATIONS.items() if "body" in contract.operations()[name]}


def routes(application: Chalice) -> dict[tuple[str, str], Any]:
    """List the routes but those that follow from others: HEAD beside GET, and OPTIONS of every path."""
    by_path = application.routes.items()
    placed = {(path, method): route for path, by_method in by_path for method, route in by_method.items()}
    heads = {(path, "HEAD") for path, method in placed if method == "GET"}
    return {place: route for place, route in placed.items() if place not in heads and place[1] != "OPTIONS"}


def differences(declared: Any, routed: Mapping[tuple[str, str], Any]) -> Iterator[str]:
    """Name what a contract and the routes do not have in common."""
    named = operations(declared)
    places = {(operation.path, operation.method): name for name, operation in named.items()}
    for place in places.keys() ^ routed.keys():
        yield f"{place} is in one of both only"
    for place in places.keys() & routed.keys():
        name, route = places[place], routed[place]
        operation = named[name]
        if route.view_function.__name__ != name:
            yield f"{place} is {name} and {route.view_function.__name__}"
        content = JSON if operation.body is None else [*operation.body["content"]]
        if route.content_types != content:
            yield f"{name} takes {content} and {route.content_types}"
        in_path = {parameter["name"] for parameter in operation.parameters if parameter["in"] == "path"}
        if not in_path == {*re.findall(r"{(\w+)}", place[0])} == {*inspect.signature(route.view_function).parameters}:
            yield f"{name} has other parameters in its path"


def test_the_contract_is_a_document_of_openapi() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(CONTRACT).iter_errors()] == []


def test_the_operations_are_the_routes() -> None:
    assert [*differences(CONTRACT, routes(app))] == []


def test_a_route_or_an_operation_that_is_alone_is_found() -> None:
    routed = routes(app)
    removed = routed.pop(("/sedo/tenants/{tenantId}/tasks", "GET"))
    assert [*differences(CONTRACT, routed)] == ["('/sedo/tenants/{tenantId}/tasks', 'GET') is in one of both only"]
    routed["/sedo/tenants/{tenantId}/works", "GET"] = removed
    assert len([*differences(CONTRACT, routed)]) == 2


def test_a_route_that_differs_from_its_operation_is_found() -> None:
    changed = deepcopy(CONTRACT)
    tasks = changed["paths"]["/sedo/tenants/{tenantId}/tasks"]
    tasks["get"]["operationId"] = "find_tasks"
    tasks["parameters"] = []
    events = changed["paths"]["/sedo/tenants/{tenantId}/events/{name}"]["post"]
    events["requestBody"]["content"]["text/plain"] = {}
    assert sorted(differences(changed, routes(app))) == [
        "('/sedo/tenants/{tenantId}/tasks', 'GET') is find_tasks and list_tasks",
        "find_tasks has other parameters in its path",
        "publish_event takes ['application/json', 'text/plain'] and ['application/json']",
    ]


def test_every_operation_is_answered_by_one_function_of_its_name() -> None:
    hints = get_type_hints(Routes, localns={"ScheduleApi": ScheduleApi, "SearchApi": SearchApi}).values()
    apis = [get_args(hint)[-1] if get_args(hint) else hint for hint in hints]  # one is made at its first call
    answering = [name for api in apis for name, function in vars(api).items() if hasattr(function, "__wrapped__")]
    assert sorted(answering) == sorted(OPERATIONS)


def test_parameters_of_a_path_are_in_its_order() -> None:
    for name, operation in OPERATIONS.items():
        assert [*contract.operations()[name]["path"]] == re.findall(r"{(\w+)}", operation.path)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_which_right_it_needs_and_what_an_audit_calls_it(name: str) -> None:
    declared = OPERATIONS[name].declared
    assert re.fullmatch(r"none|known|[a-z]+:[a-z]+", declared["x-right"])
    assert re.fullmatch(r"[a-z]+\.[a-z]+", declared["x-audit"] or "a.record")
    assert (declared["x-audit"] is None) is (OPERATIONS[name].method == "GET" or name == "validate_definition")
    assert declared.get("x-audit-held-by", "task") in {"history", "task", "nothing"}


def test_an_audit_is_asked_for_changes_by_the_names_that_operations_give_them() -> None:
    (what,) = (each for each in OPERATIONS["read_audit"].parameters if each["name"] == "what")
    assert {*what["schema"]["enum"]} == {each.declared["x-audit"] for each in OPERATIONS.values()} - {None}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_has_examples_and_they_are_valid(name: str) -> None:
    operation = OPERATIONS[name]
    if operation.body is not None:
        assert any(examples(content) for content in operation.body["content"].values())
        for content in operation.body["content"].values():
            for example in examples(content):
                validate(content["schema"], example)
    assert any(status < 400 for status in operation.statuses)
    for status, kind, content in operation.answers():
        assert examples(content), f"{status} {kind}"
        for example in examples(content):
            validate(content["schema"], example)


def test_the_compiled_contract_is_the_contract() -> None:
    assert (API / "contract.json").read_text(encoding="utf-8") == contract_json(CONTRACT) + "\n"


@pytest.mark.parametrize("name", WITH_JSON)
def test_examples_of_bodies_pass(name: str) -> None:
    for example in examples(WITH_JSON[name].body["content"]["application/json"]):
        contract.checked(contract.operations()[name]["body"]["schema"], example)


TEXTS = st.sampled_from(["", "a", "A", "a b", "a:b", "ü", "%41", "%20", "%", "-", "x" * 64, "x" * 65, "x" * 201, "a\n"])
NUMBERS = st.sampled_from([-1, 0, 0.5, 1, 1.5, 26, 10**9, 10**9 + 1, 31622401])
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS | st.just("x" * 4001) | st.just(["a"] * 201)
NAMES = [
    *("input", "name", "version", "step", "stash", "incoming", "item", "index", "error", "data", "id", "keepSeconds"),
    *("key", "message", "details", "assignees", "groups", "answer", "reason", "attempt", "odd"),
]


def objects(members: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.dictionaries(st.sampled_from(NAMES), members, max_size=3).map(dict)


INNER = LEAVES | st.lists(LEAVES, max_size=2) | objects(LEAVES) | st.dictionaries(TEXTS, LEAVES, max_size=2)


@given(name=st.sampled_from([*WITH_JSON]), body=INNER | objects(INNER))
def test_what_is_compiled_takes_what_the_schema_takes(name: str, body: Json) -> None:
    declared = WITH_JSON[name].body["content"]["application/json"]["schema"]
    assert is_taken(contract.operations()[name]["body"]["schema"], body) is (errors_of(validator(declared), body) == [])


def is_taken(schema: Any, value: Json) -> bool:
    try:
        contract.checked(schema, value)
    except InvalidError:
        return False
    return True


def test_a_member_without_a_value_has_its_default() -> None:
    schema = contract.operations()["fail_callback"]["body"]["schema"]
    found: Any = contract.checked(schema, {"name": "%62ank"})
    assert found == {"name": "bank", "message": "whoever was asked could not do it"}


def test_a_parameter_that_is_not_declared_cannot_be_read() -> None:
    query = contract.Declared("query of list_tasks", {"limit": 20})
    assert query["limit"] == 20
    with pytest.raises(LookupError, match="declares no 'sort' in the query of list_tasks"):
        query["sort"]


def test_nothing_else_reads_queries_and_bodies_and_the_log_alone_names_of_paths() -> None:
    reading = re.compile(r"query_params|raw_body|json_body|uri_params")
    found = {path.name: {*reading.findall(path.read_text(encoding="utf-8"))} for path in API.glob("*.py")}
    del found["contract.py"]
    assert {name: read for name, read in found.items() if read} == {"headers.py": {"uri_params"}}


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "string", "format": "date", "x-message": "no"}, "a: format is not checked"),
        ({"type": "string"}, "a has no x-message"),
        ({"type": "string", "pattern": "^a", "x-message": "no"}, "a: the pattern"),
        ({"type": "object", "required": ["b"], "x-message": "no"}, "a requires b"),
        ({"type": "object", "additionalProperties": {"type": "string"}, "x-message": "no"}, "a: members that are not"),
        ({"$ref": "#/components/schemas/Identifier", "pattern": "^a$"}, "pattern is beside"),
    ],
)
def test_what_cannot_be_checked_is_not_compiled(schema: Json, problem: str) -> None:
    changed = deepcopy(CONTRACT)
    changed["components"]["schemas"]["TaskAnswer"]["properties"]["a"] = schema
    with pytest.raises(ContractError, match=problem):
        compiled(changed)


def test_a_list_in_a_query_is_one_text() -> None:
    changed = deepcopy(CONTRACT)
    changed["components"]["parameters"]["Fields"]["explode"] = True
    with pytest.raises(ContractError, match="fields is one text"):
        compiled(changed)


def test_a_header_field_cannot_be_required() -> None:
    changed = deepcopy(CONTRACT)
    changed["components"]["parameters"]["IdempotencyKey"]["required"] = True
    with pytest.raises(ContractError, match="Idempotency-Key: whether it is there"):
        compiled(changed)


class TestDeprecated:
    def operation(self, **more: str) -> dict[str, Any]:
        contract_with = deepcopy(CONTRACT)
        contract_with["paths"]["/sedo/health"]["get"] |= {"deprecated": True, **more}
        made: dict[str, Any] = compiled(contract_with)["health"]
        return made

    def test_its_answers_say_since_when_and_until_when(self) -> None:
        declared = self.operation(**{"x-deprecated-since": "2026-01-01", "x-sunset": "2027-01-01"})
        fields = announced(Response("", {"Link": "x"}), declared).headers
        assert fields == {
            "Link": "x",
            "Deprecation": "@1767225600",
            "Sunset": "Fri, 01 Jan 2027 00:00:00 GMT",
        }

    def test_without_these_it_cannot_be(self) -> None:
        with pytest.raises(ContractError, match="health is deprecated, and has no x-sunset"):
            self.operation(**{"x-deprecated-since": "2026-01-01"})
