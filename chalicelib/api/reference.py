"""What the routes answer that describe sedo itself: its API, and what definitions are made of."""

import inspect
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.api.support import ApiSupport
from chalicelib.core.values.errors import NotFoundError
from chalicelib.core.values.json import decode
from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from chalicelib.core.definitions.model import StepType
    from chalicelib.core.values.json import Json

CONTRACT = Path(__file__).with_name("openapi.json")
"""The contract as JSON, made from chalicelib/openapi.yaml by docs/generate.py."""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>sedo: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load: what sedo itself serves, and nothing else."""
KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
FILES = ("swagger-ui.css", "swagger-ui-bundle.js")
"""Of the package swagger-ui-bundle-v2, the Swagger UI that Connexion uses."""


@value
class ReferenceApi:
    """The routes."""

    support: ApiSupport
    step_types: "Mapping[str, StepType]"

    @web.operation
    def read_contract(self, request: ApiRequest) -> Response:
        """Show the contract, with the server that this request reached."""
        path, stage = request.http.context["path"], request.http.context["resourcePath"]
        return web.answer({**_contract(), "servers": [{"url": path.removesuffix(stage) or "/"}]})

    @web.operation
    def read_docs(self, request: ApiRequest) -> Response:  # noqa: ARG002 - every route takes one
        """Show the page to read and to try the contract."""
        return _file(PAGE, "text/html; charset=utf-8", {"Content-Security-Policy": POLICY})

    @web.operation
    def read_docs_file(self, request: ApiRequest) -> Response:
        """Serve a file of that page."""
        name = request.path["name"]
        if name != "start.js" and name not in FILES:
            raise NotFoundError(f"the page has no file {name!r}")
        return _file(START if name == "start.js" else _text(name), KINDS[name.rpartition(".")[2]], {})

    @web.operation
    def list_step_types(self, request: ApiRequest) -> Response:  # noqa: ARG002 - every route takes one
        """List what the ``type`` of a step can be."""
        return web.answer([step_type_json(step_type) for step_type in self.step_types.values()])

    @web.operation
    def list_functions(self, request: ApiRequest) -> Response:  # noqa: ARG002 - every route takes one
        """List what templates can call."""
        from chalicelib.core.expressions.functions import Functions  # noqa: PLC0415 - for this route alone

        table: Mapping[str, Any] = Functions.FUNCTION_TABLE
        return web.answer([function_json(name, table[name]["function"]) for name in sorted(table)])

    @web.operation
    def read_definition_schema(self, request: ApiRequest) -> Response:  # noqa: ARG002 - every route takes one
        """Show the JSON Schema of definitions."""
        from chalicelib.core.definitions.schema_export import definition_schema  # noqa: PLC0415 - for this route alone

        return web.answer(definition_schema(self.step_types), headers={"Content-Type": "application/schema+json"})


def step_type_json(step_type: "StepType") -> "dict[str, Json]":
    """Describe a step type: what it is for in Markdown, its parameters, and the errors that are its own."""
    summary, _, description = (inspect.getdoc(step_type) or "").partition("\n\n")
    errors = getattr(step_type, "errors", None)
    return {
        "type": step_type.name,
        "summary": summary,
        "description": description,
        "schema": cast("Json", step_type.schema),
        "ends": bool(getattr(step_type, "ends", False)),
        "errorParameter": getattr(step_type, "error_parameter", None),
        "errors": None if errors is None else sorted(errors),
    }


def function_json(name: str, function: object) -> "dict[str, Json]":
    """Describe a function of templates; those of jmespath have no more than their name."""
    prose, _, examples = (inspect.getdoc(function) or "").rpartition("\n\n")
    call, _, gives = prose.partition("): ")
    if not prose:
        return {"name": name, "standard": True, "call": None, "description": None, "examples": []}
    shown: list[Json] = [line for line in examples.splitlines() if line]
    return {"name": name, "standard": False, "call": f"{call})", "description": gives, "examples": shown}


@cache
def _contract() -> "dict[str, Json]":
    found: dict[str, Json] = decode(CONTRACT.read_bytes())
    return found


@cache
def _text(name: str) -> str:
    """Read a file of Swagger UI."""
    spec = find_spec("swagger_ui_bundle")
    places = spec.submodule_search_locations if spec is not None else None
    for place in places or ():
        for path in Path(place).glob(f"vendor/swagger-ui-*/{name}"):
            return path.read_text(encoding="utf-8")
    raise NotFoundError("this installation has no Swagger UI: install swagger-ui-bundle-v2")


def _file(text: str, kind: str, fields: Mapping[str, str]) -> Response:
    return Response(text, {"Content-Type": kind, **fields}, HTTPStatus.OK)
