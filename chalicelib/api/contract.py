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

The check is written out for the few keywords that requests have. ``core.schemas`` would load jsonschema, which takes
70 ms of CPU in a cold start of the API, where most requests need it for nothing else; this takes less than 1 ms.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import field
from functools import cache
from http import HTTPStatus
from types import NoneType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from chalice.app import MultiDict, Request

from chalicelib.api.parsing import read_json
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.audit import difference
from chalicelib.core.values.errors import (
    InvalidError,
    MissingRightError,
    SedoError,
    TenantNotFoundError,
    UnknownCallerError,
)
from chalicelib.core.values.json import Json, decode
from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from chalicelib.api.admission import Admission
    from chalicelib.api.support import ApiSupport

KEY = "Idempotency-Key"
PAGING = ("limit", "cursor")
"""Query parameters that choose a page of a list, and not what is in it."""
MAX_BODY_BYTES = LIMITS.body_bytes
SHOWN = 100
"""Characters of a wrong text that an error repeats."""

Schema = Mapping[str, Any]


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

    def record(self, thing: str, before: Json, after: Json) -> None:
        """Tell the audit which thing is changed, and how."""
        self.audited.update(thing=thing, changes=difference(before, after))

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
        return Declared(f"{name} of {operation}", {key: _parameter(schema, texts.get(key)) for key, schema in schemas})

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
        if name not in declared:
            takes = f"takes {', '.join(sorted(declared))}" if declared else "takes none"
            raise InvalidError(
                f"there is no query parameter {name[:SHOWN]!r}{near(name, declared)}: {operation} {takes}"
            )
        texts = query.getlist(name)
        if len(texts) > 1:
            raise InvalidError(f"the query parameter {name!r} is given {len(texts)} times: give it once")
        found[name] = texts[0]
    return found


def near(name: str, known: Collection[str]) -> str:
    """Write `` (did you mean …?)`` where a name is much like a known one, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only what is wrong is compared

    return "".join(f" (did you mean {match!r}?)" for match in get_close_matches(name[:SHOWN], known, n=1))


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
    return checked(declared["schema"], copy(declared["empty"]) if is_empty else read_json(text, most))


def _parameter(schema: Schema, text: str | None) -> Json:
    """Read a parameter from its text."""
    if text is None:
        if "isRequired" in schema:
            raise _refusal(schema, "required", "")
        default: Json = schema.get("default")
        return default
    given: Json = text
    if schema.get("type") == ["integer"]:
        given = int(text) if _pattern("[0-9]{1,9}").fullmatch(text) else text
    elif schema.get("type") == ["boolean"]:
        given = {"true": True, "false": False}.get(text, text)
    elif schema.get("type") == ["array"]:
        given = [*text.split(",")]
    try:
        return checked(schema, given)
    except InvalidError:
        raise _unsupported(schema, text) from None


def _unsupported(schema: Schema, text: str) -> InvalidError:
    """Say what a parameter supports, and of what is much like one of its values, which one."""
    known = schema.get("items", schema).get("enum", ())
    wrong = [name for name in (text.split(",") if "items" in schema else [text]) if name not in known]
    if not known:
        return _refusal(schema, "", _shown(schema, text))
    shown = wrong[0][:SHOWN]
    said = str(_refusal(schema, "", shown))
    return InvalidError(said.replace(repr(shown), f"{shown!r}{near(shown, known)}", 1))


def checked(schema: Schema, given: Json) -> Json:
    """Check a JSON value, and give it back with the defaults of objects, and percent escapes decoded where they count.

    Raises:
        InvalidError: it is something else; the message is that of the schema.
    """
    for keyword, holds in _RULES.items():
        if keyword in schema and not holds(schema[keyword], given):
            raise _refusal(schema, keyword, _shown(schema, given))
    found = _contents(schema, given)
    if "anyOf" not in schema:
        return found
    alternative = _any_of(schema, given)
    return found if "properties" in schema else alternative


def _contents(schema: Schema, given: Json) -> Json:
    """Check what is in an object or a list; decode a text."""
    if isinstance(given, dict) and not _MEMBERS.isdisjoint(schema):
        return _object(schema, given)
    if isinstance(given, list) and "items" in schema:
        return [checked(schema["items"], item) for item in given]
    return unquote(given) if isinstance(given, str) and "x-percent-encoded" in schema else given


def _any_of(schema: Schema, given: Json) -> Json:
    """Check against alternatives; where none holds, the schema says why, or else its first alternative."""
    errors = []
    for alternative in schema["anyOf"]:
        try:
            return checked(alternative, given)
        except InvalidError as error:
            errors.append(error)
    raise _refusal(schema, "anyOf", "") if "x-message" in schema else errors[0]


def _object(schema: Schema, given: dict[str, Json]) -> Json:
    properties: Schema = schema.get("properties", {})
    _check_names(schema, given)
    if "if" in schema and not _holds(schema["if"], given):
        checked(schema["else"], given)
    found: dict[str, Json] = {}
    for name, inner in properties.items():
        if name in given and inner is False:
            raise _refusal(schema, "properties", name)
        if name in given:
            found[name] = checked(inner, given[name])
        elif name in schema.get("required", ()):
            raise _refusal(inner, "required", "")
        elif inner and "default" in inner:
            found[name] = copy(inner["default"])
    return {**given, **found}


def _check_names(schema: Schema, given: Collection[str]) -> None:
    """Refuse members that an object does not have."""
    if schema.get("additionalProperties") is False and (unknown := set(given) - schema["properties"].keys()):
        raise _refusal(schema, "additionalProperties", min(unknown))
    if "propertyNames" in schema:
        names: Schema = schema["propertyNames"]
        if wrong := [name for name in given if not _holds(names, name)]:
            raise _refusal(names, "pattern", wrong[0])


def _holds(schema: Schema, given: Json) -> bool:
    try:
        checked(schema, given)
    except InvalidError:
        return False
    return True


def _refusal(schema: Schema, keyword: str, shown: str) -> InvalidError:
    """Say what is wrong, in the words of the contract: one text, or one for each keyword that has a text of its own."""
    message = schema.get("x-message", "")
    text: str = message if isinstance(message, str) else message.get(keyword, message["type"])
    return InvalidError(text.replace("{member}", shown).replace("{value}", repr(shown)))


def _shown(schema: Schema, given: Json) -> str:
    """Cut a text to what an error repeats; nothing but text is repeated."""
    if not isinstance(given, str):
        return ""
    return (unquote(given) if "x-percent-encoded" in schema else given)[:SHOWN]


_TYPES: Mapping[type, Collection[str]] = {
    str: {"string"},
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"number"},
    list: {"array"},
    dict: {"object"},
    NoneType: {"null"},
}
"""What JSON calls a value; 1.0 is no integer here."""

_MEMBERS = frozenset({"properties", "propertyNames", "additionalProperties", "if"})
"""Keywords about the members of an object."""

_pattern = cache(re.compile)

_RULES: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": lambda types, given: any(name in _TYPES[type(given)] for name in types),
    "enum": lambda allowed, given: given in allowed,
    "pattern": lambda text, given: not isinstance(given, str) or bool(_pattern(text).fullmatch(given)),
    "minimum": lambda least, given: not isinstance(given, int | float) or given >= least,
    "maximum": lambda most, given: not isinstance(given, int | float) or given <= most,
    "minLength": lambda least, given: not isinstance(given, str) or len(given) >= least,
    "maxLength": lambda most, given: not isinstance(given, str) or len(given) <= most,
    "minItems": lambda least, given: not isinstance(given, list) or len(given) >= least,
    "maxItems": lambda most, given: not isinstance(given, list) or len(given) <= most,
    "maxProperties": lambda most, given: not isinstance(given, dict) or len(given) <= most,
}
"""By keyword, whether a value is as the keyword asks; the first that it breaks is the one that counts."""
