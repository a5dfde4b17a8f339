"""Requests as chalicelib/openapi.yaml declares them: parameters and JSON bodies are checked by it, and by nothing else.

Where a new query parameter goes:

1. ``chalicelib/openapi.yaml``: under ``parameters`` of its operation, with a schema and a description;
2. ``make docs``, which compiles the contract into ``contract.json`` beside this file;
3. ``request.query["name"]`` in the function of ``chalicelib/api`` that is called as the operation is.

A member of a body goes the same way, and is read as ``request.body["name"]``. The parameters of a path are named in the
route of ``app.py``, too; ``tests/api/test_contract.py`` holds the two together. The words of an error stand in the
contract, too: ``x-message`` beside what a schema asks for, or made by ``docs/contract.py`` from a range or a list of
members.

What no JSON Schema can say is checked elsewhere, and ``x-checked-by`` in the contract says where: ``http.cursor``
decodes where a page begins, ``http.document`` reads definitions in JSON or YAML, and mocks depend on their steps.
"""

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import field
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from chalice.app import MultiDict, Request

from chalicelib.api.schemas import SHOWN, Schema, checked, near, parameter
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.audit import difference
from chalicelib.core.values.errors import (
    InvalidError,
    MissingRightError,
    SedoError,
    TenantNotFoundError,
    UnknownCallerError,
)
from chalicelib.core.values.json import Json, Path, decode
from chalicelib.core.values.json_text import MAX_BODY_DEPTH, read_json
from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from chalicelib.api.admission import Admission
    from chalicelib.api.support import ApiSupport

KEY = "Idempotency-Key"
ANY = "*"
"""What ends the name of a query parameter that stands for all that begin so."""
PAGING = ("limit", "cursor")
"""Query parameters that choose a page of a list, and not what is in it."""
MAX_BODY_BYTES = LIMITS.body_bytes


class Declared:
    """What a request says in its path, its query or its header fields, by the names that the contract has there."""

    def __init__(self, place: str, found: Mapping[str, Any]) -> None:
        self._place, self._found = place, found

    def get(self, name: str) -> Any:  # noqa: ANN401 - of the type that the contract says
        """Get a parameter, or None where the contract has none of this name there."""
        return self._found.get(name)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - of the type that the contract says
        """Get a parameter: where the request has none, its default in the contract, or None.

        Raises:
            LookupError: the contract has no such parameter.
        """
        if name not in self._found:
            raise LookupError(f"chalicelib/openapi.yaml declares no {name!r} in the {self._place}")
        return self._found[name]


@value
class ApiRequest:
    """A request that is as its operation in the contract asks."""

    path: Declared
    query: Declared
    header: Declared
    body: Any
    """A JSON value, objects with their defaults; None if the operation has none, or one that is checked elsewhere."""
    http: Request
    asked: Mapping[str, str]
    """The query as it was asked."""
    support: "ApiSupport"
    admission: "Admission"
    """Who asks, and what they may do."""
    seed: str | None = None
    """What it names by what it makes, where it may be done again: 16 hexadecimal digits."""

    audited: dict[str, Any] = field(default_factory=dict)
    """What an audit is to say of it beside what it says of every request."""

    def record(self, thing: str, before: Json, after: Json, private: Collection[Path] = ()) -> None:
        """Tell the audit which thing is changed, and how; of what is ``private`` only that it is."""
        self.audited.update(thing=thing, changes=difference(before, after, private))

    @property
    def key(self) -> str | None:
        """The caller's own name for it, where its operation takes one."""
        found: str | None = self.header.get(KEY)
        return found

    def scope(self) -> str:
        """Name the list that is asked for: by its address and the filters, in any order."""
        asked = sorted((name, given) for name, given in self.asked.items() if name not in PAGING)
        return f"{self.http.context['path']}?{urlencode(asked)}"

    @property
    def place(self) -> tuple[str, str]:
        """The tenant and the id in its path."""
        return self.path["tenantId"], self.path["id"]


def read(operation: str, http: Request, parameters: Sequence[str], support: "ApiSupport") -> ApiRequest:
    """Admit who asks, then check a request.

    Args:
        operation: its operationId.
        http: the request.
        parameters: those of the path, in its order and as they stand in it, with percent escapes.
        support: what operations share.

    Raises:
        UnknownCallerError, UnavailableError, ClosedError, TenantNotFoundError, MissingRightError: nobody is admitted.
        InvalidError: it is not as the contract says.
        MalformedError: the body is no JSON.
        TooLargeError: the body has more bytes than the operation takes, or the tenant may send.
    """
    declared = operations()[operation]
    path = dict(zip(declared["path"], map(unquote, parameters), strict=True))
    try:
        admission = support.gatekeeper.admit(declared, http, path)
    except (UnknownCallerError, TenantNotFoundError, MissingRightError) as error:
        support.auditor.refused(declared, http, path, (support.gatekeeper.known(http), error, _status(error)))
        raise
    support.gatekeeper.require_short(path, len(raw(http)))
    queries = _query(operation, declared["query"], http)

    def place(name: str, texts: Mapping[str, str]) -> Declared:
        schemas = declared[name].items()
        return Declared(f"{name} of {operation}", {key: parameter(schema, texts.get(key)) for key, schema in schemas})

    return ApiRequest(
        place("path", path),
        place("query", queries),
        place("header", http.headers),
        _body(http, declared["body"]) if "body" in declared else None,
        http,
        queries,
        support,
        admission,
    )


def _status(error: SedoError) -> HTTPStatus:
    if isinstance(error, UnknownCallerError):
        return HTTPStatus.UNAUTHORIZED
    return HTTPStatus.FORBIDDEN if isinstance(error, MissingRightError) else HTTPStatus.NOT_FOUND


def _query(operation: str, declared: Collection[str], http: Request) -> Mapping[str, str]:
    """Read the query.

    Raises:
        InvalidError: it has a parameter that the operation does not have, or one twice.
    """
    found: dict[str, str] = {}
    query = http.query_params or MultiDict({})
    for name in query:
        if name not in declared and not any(name.startswith(each[:-1]) for each in declared if each.endswith(ANY)):
            takes = f"takes {', '.join(sorted(declared))}" if declared else "takes none"
            raise InvalidError(
                f"there is no query parameter {name[:SHOWN]!r}{near(name, declared)}: {operation} {takes}"
            )
        texts = query.getlist(name)
        if len(texts) > 1:
            raise InvalidError(f"the query parameter {name!r} is given {len(texts)} times: give it once")
        found[name] = texts[0]
    return found


@cache
def operations() -> Mapping[str, Any]:
    """Read the compiled contract: ``{operationId: {path, query, header, body}}``, as ``docs/contract.py`` makes it."""
    with open(__file__.removesuffix("py") + "json", "rb") as file:  # noqa: PTH123 - loading pathlib for it takes 3 ms
        compiled: Mapping[str, Any] = decode(file.read())
    return compiled


def raw(http: Request) -> bytes:
    """Read the bytes of a body; API Gateway hands text over."""
    found = http.raw_body
    return found.encode() if isinstance(found, str) else found


def _body(http: Request, declared: Schema) -> Json:
    text = raw(http)
    is_empty = not (text.strip() if declared["blankIsEmpty"] else text)
    most = declared.get("maxBytes", MAX_BODY_BYTES)
    return checked(declared["schema"], copy(declared["empty"]) if is_empty else read_json(text, most, MAX_BODY_DEPTH))
