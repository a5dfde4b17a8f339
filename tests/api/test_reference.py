"""What describes sedo itself over the API."""

import json
import re
from typing import Any

import pytest

from chalicelib.core.definitions.schema_export import definition_schema
from chalicelib.core.expressions.functions import Functions
from chalicelib.core.schemas.dialect import errors_of, new_validator
from chalicelib.steps import STEP_TYPES
from docs.contract import served_json
from tests.api.declared import CONTRACT, OPERATIONS, operations
from tests.application import Sedo, http_request
from tests.home import Home


def get(sedo: Sedo, path: str) -> Any:
    return json.loads(sedo.ask("GET", f"/sedo/{path}").body)


def test_the_contract_that_is_served_is_the_one_that_is_kept(sedo: Sedo) -> None:
    served = get(sedo, "openapi.json")
    assert {*operations(served)} == {*OPERATIONS}
    assert "x-message" not in json.dumps(served)
    assert json.loads(served_json(CONTRACT)) == served


def test_it_names_the_server_that_was_asked() -> None:
    asked = http_request("GET", "/sedo/openapi.json", {})
    asked.context["path"] = "/api/sedo/openapi.json"
    answer = Home().wiring.routes.reference.read_contract(asked)
    assert json.loads(str(answer.body))["servers"] == [{"url": "/api"}]


def test_the_page_loads_nothing_but_what_sedo_serves(sedo: Sedo) -> None:
    page = sedo.ask("GET", "/sedo/docs")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in policy
    links = re.findall('(?:src|href)="([^"]+)"', page.body.decode())
    assert [link for link in links if not link.startswith("data:")] == [
        "docs/swagger-ui.css",
        "docs/swagger-ui-bundle.js",
        "docs/start.js",
    ]
    for link in links[1:]:
        assert len(sedo.ask("GET", f"/sedo/{link}").body) > 100
    assert "<script>" not in page.body.decode()


@pytest.mark.parametrize("name", ["none.js", "index.html", "..", "..%2f..%2fapp.py"])
def test_no_other_file_is_served(sedo: Sedo, name: str) -> None:
    assert sedo.ask("GET", f"/sedo/docs/{name}").status_code in {400, 404}


def test_every_step_type_is_there_with_its_parameters_and_its_errors(sedo: Sedo) -> None:
    found = {each["type"]: each for each in get(sedo, "step-types")}
    assert found.keys() == STEP_TYPES.keys()
    assert found["http"]["schema"] == STEP_TYPES["http"].schema
    assert (found["echo"]["errors"], found["fail"]["errorParameter"], found["fail"]["ends"]) == ([], "error", True)
    assert all(each["summary"] and each["description"] for each in found.values())


def test_every_function_is_there_with_what_it_gives(sedo: Sedo) -> None:
    found = {each["name"]: each for each in get(sedo, "functions")}
    assert found.keys() == Functions.FUNCTION_TABLE.keys()
    assert found["at"]["call"].startswith("at(")
    assert found["at"]["examples"]
    assert found["sort_by"] == {"name": "sort_by", "standard": True, "call": None, "description": None, "examples": []}


def test_the_schema_of_definitions_takes_the_examples(sedo: Sedo) -> None:
    schema = get(sedo, "definition-schema.json")
    assert schema == definition_schema(STEP_TYPES)
    assert errors_of(new_validator(schema), {"id": "a"})
