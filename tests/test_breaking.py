"""The check that finds what breaks those who use a released API."""

import json
from copy import deepcopy
from typing import Any

import pytest

from docs.breaking import PRESENT, breaks

CONTRACT = json.loads(PRESENT.read_text(encoding="utf-8"))
OPERATION = "POST /orders"


def sent(schema: Any) -> Any:
    """Make a contract of one operation, to which this is sent."""
    body = {"content": {"application/json": {"schema": schema}}}
    return operation(requestBody=body, responses={"204": {"description": "Done."}})


def shown(schema: Any) -> Any:
    """Make a contract of one operation, which answers this."""
    return operation(responses={"200": {"content": {"application/json": {"schema": schema}}}})


def operation(**what: Any) -> Any:
    """Make a contract of one operation."""
    return {"paths": {"/orders": {"post": {"operationId": "order", "responses": {}, **what}}}}


def parameter(**what: Any) -> Any:
    """Make a contract of one operation that has one parameter."""
    return operation(parameters=[{"name": "n", "in": "query", "schema": {}, **what}])


def member(schema: Any) -> Any:
    """Make the schema of an object with one member."""
    return {"type": "object", "properties": {"a": schema}}


def text_or(*others: Any) -> Any:
    """Make a schema of alternatives."""
    return {"anyOf": [{"type": "string"}, *others]}


NULL, NUMBER = {"type": "null"}, {"type": "number"}
NO_FOURTH = {"properties": {"a": {"not": {"const": 4}}}}

SCHEMAS_OF_REQUESTS = {
    "an alternative of anyOf is gone": (text_or(NUMBER, NULL), text_or(NULL), "in anyOf 1 is gone"),
    "null is gone from anyOf": (text_or(NULL), text_or(), "in anyOf 1 is gone"),
    "an alternative of oneOf is narrower": (
        {"oneOf": [NULL, {"maxLength": 3}]},
        {"oneOf": [NULL, {"maxLength": 2}]},
        "in oneOf 1 has another maxLength",
    ),
    "anyOf is new": ({}, text_or(), "has another anyOf"),
    "null is gone from the types": ({"type": ["string", "null"]}, {"type": "string"}, "takes no null any more"),
    "a number has to be whole": (NUMBER, {"type": "integer"}, "takes no number any more"),
    "a type is new": ({}, {"type": "string"}, "takes no any any more"),
    "a value of enum is gone": ({"enum": [1, 2]}, {"enum": [1]}, "does not take 2 any more"),
    "true is not 1": ({"enum": [True]}, {"enum": [1]}, "does not take True any more"),
    "const is new": ({}, {"const": 1}, "does not take any value any more"),
    "const is narrower than enum": ({"enum": [1, 2]}, {"const": 1}, "does not take 2 any more"),
    "allOf asks for more": ({"allOf": [{}]}, {"allOf": [{}, {"maxLength": 1}]}, "in allOf 1 has another maxLength"),
    "a place of a list is narrower": ({}, {"prefixItems": [False]}, "in prefixItems 0 is refused now"),
    "a member is needed": (member({}), member({}) | {"required": ["a"]}, "needs a member a now"),
    "a member is narrower": (member({}), member(NULL), "member a takes no any any more"),
    "a member is refused": (member({}), member(False), "member a is refused now"),
    "a member is gone": (
        member({}) | {"additionalProperties": False},
        {"properties": {}, "additionalProperties": False},
        "has no member a any more",
    ),
    "other members are refused": ({}, {"additionalProperties": False}, "in additionalProperties is refused now"),
    "what is left is refused": ({}, {"unevaluatedProperties": False}, "in unevaluatedProperties is refused now"),
    "names of members are narrower": ({}, {"propertyNames": {"pattern": "a"}}, "in propertyNames has another pattern"),
    "members by pattern are narrower": (
        {},
        {"patternProperties": {"^x": NULL}},
        "in patternProperties ^x takes no any",
    ),
    "a member needs another": ({}, {"dependentRequired": {"a": ["b"]}}, "has another dependentRequired"),
    "a member asks for more": ({}, {"dependentSchemas": {"a": {"minProperties": 2}}}, "has another minProperties"),
    "items are narrower": ({}, {"items": NULL}, "in items takes no any any more"),
    "then is narrower": ({"if": NULL}, {"if": NULL, "then": {"minimum": 1}}, "in then has another minimum"),
    "if is another": ({"if": NULL}, {"if": NUMBER}, "has another if"),
    "deep in not": ({"not": NO_FOURTH}, {"not": {"properties": {"a": {}}}}, "has another not"),
    "default is another": (member({"default": 1}), member({"default": 2}), "member a has another default"),
    "default is gone": ({"default": None}, {}, "has another default"),
    "a keyword that nobody knows is new": ({}, {"x-new": 1}, "has another x-new"),
    "a keyword that nobody knows is gone": ({"x-old": 1}, {}, "has another x-old"),
} | {
    f"{keyword} is {'new' if old is None else 'narrower'}": (
        {} if old is None else {keyword: old},
        {keyword: new},
        f"has another {keyword}",
    )
    for keyword, old, new in (
        *(("minimum", old, 2) for old in (None, 1)),
        *(("exclusiveMinimum", old, 2) for old in (None, 1)),
        *(("maximum", old, 2) for old in (None, 3)),
        *(("exclusiveMaximum", old, 2) for old in (None, 3)),
        *(("multipleOf", old, 2) for old in (None, 1)),
        *(("minLength", old, 2) for old in (None, 1)),
        *(("maxLength", old, 2) for old in (None, 3)),
        *(("minItems", old, 2) for old in (None, 1)),
        *(("maxItems", old, 2) for old in (None, 3)),
        *(("minContains", old, 2) for old in (None, 1)),
        *(("maxContains", old, 2) for old in (None, 3)),
        *(("minProperties", old, 2) for old in (None, 1)),
        *(("maxProperties", old, 2) for old in (None, 3)),
        *(("uniqueItems", old, True) for old in (None, False)),
        *(("pattern", old, "a") for old in (None, "b")),
        *(("format", old, "date") for old in (None, "date-time")),
        *(("not", old, NULL) for old in (None, NUMBER)),
        *((name, old, "a") for name in ("contentMediaType", "contentEncoding") for old in (None, "b")),
        *((name, None, True) for name in ("x-percent-encoded", "x-members-of-answer")),
        ("dependentRequired", {"a": ["b"]}, {"a": ["b", "c"]}),
    )
}
for name in ("contains", "unevaluatedItems", "else"):
    SCHEMAS_OF_REQUESTS[f"{name} is narrower"] = ({}, {name: {"maximum": 1}}, f"in {name} has another maximum")
SCHEMAS_OF_ANSWERS = {
    "a member is gone": (member({}), {"type": "object"}, "has no member a any more"),
    "a member can be lacking": (member({}) | {"required": ["a"]}, member({}), "may lack a now"),
    "null is new": (NUMBER, {"type": ["number", "null"]}, "may be null now"),
    "null is a new alternative": (text_or(), text_or(NULL), "may be null now"),
    "a number need not be whole": ({"type": "integer"}, NUMBER, "may be number now"),
    "the type can be any": (member(NULL), member({}), "member a may be any now"),
    "a member of an alternative is gone": (
        {"oneOf": [member({}) | {"required": ["a"]}, NULL]},
        {"oneOf": [{"type": "object"}, NULL]},
        "in oneOf 0 has no member a any more",
    ),
    "alternatives are gone": (text_or(), {}, "has another anyOf"),
    "format is another": ({"format": "date"}, {"format": "date-time"}, "has another format"),
    "format is gone": ({"format": "date"}, {}, "has another format"),
    "values of a map are others": (
        {"additionalProperties": NUMBER},
        {"additionalProperties": NULL},
        "in additionalProperties may be null now",
    ),
    "items are others": ({"items": NULL}, {"items": NUMBER}, "in items may be number now"),
}
BODY = {"content": {"application/json": {}, "text/yaml": {}}}
HEADER = {"required": True, "schema": NUMBER}
OPERATIONS = {
    "an operation is gone": (operation(), {"paths": {}}, " is gone"),
    "a name is another": (operation(), operation(operationId="other"), " is called other, and was order"),
    "a status is gone": (operation(responses={"200": {}}), operation(), ": the answer 200 is gone"),
    "a key is asked for": (operation(), operation(security=[{"key": []}]), " has another security"),
    "a key is asked for everywhere": (operation(), operation() | {"security": [{"key": []}]}, " has another security"),
    "another right is asked for": (
        operation(**{"x-right": "a"}),
        operation(**{"x-right": "b"}),
        " has another x-right",
    ),
    "a parameter is gone": (parameter(), operation(), ": n in the query is gone"),
    "a parameter is needed": (operation(), parameter(required=True), ": n in the query is required now"),
    "a parameter is narrower": (parameter(), parameter(schema={"maximum": 1}), ": n in the query has another maximum"),
    "a default is another": (
        parameter(schema={"default": 1}),
        parameter(schema={"default": 2}),
        ": n in the query has another default",
    ),
    "a list is written otherwise": (parameter(), parameter(explode=False), ": n in the query has another explode"),
    "a body is needed": (operation(), operation(requestBody=BODY | {"required": True}), " needs a body now"),
    "a body is gone": (operation(requestBody=BODY), operation(), " takes no body any more"),
    "a kind of body is gone": (
        operation(requestBody=BODY),
        operation(requestBody={"content": {"text/yaml": {}}}),
        ": the body is no application/json any more",
    ),
    "less is taken": (
        operation(requestBody=BODY | {"x-max-bytes": 2}),
        operation(requestBody=BODY | {"x-max-bytes": 1}),
        ": the body has another x-max-bytes",
    ),
    "an empty body is another": (
        operation(requestBody=BODY),
        operation(requestBody=BODY | {"x-empty": None}),
        ": the body has another x-empty",
    ),
    "a header is gone": (
        operation(responses={"200": {"headers": {"ETag": HEADER}}}),
        operation(responses={"200": {}}),
        ": the answer 200 has no ETag any more",
    ),
    "a header can be lacking": (
        operation(responses={"200": {"headers": {"ETag": HEADER}}}),
        operation(responses={"200": {"headers": {"ETag": {"schema": NULL}}}}),
        ": the answer 200 may lack ETag now",
    ),
    "a header is another": (
        operation(responses={"200": {"headers": {"ETag": HEADER}}}),
        operation(responses={"200": {"headers": {"ETag": HEADER | {"schema": NULL}}}}),
        ": the answer 200, header ETag may be null now",
    ),
}
HARMLESS = {
    "a request takes more": (
        sent(member(NUMBER) | {"required": ["a"], "minProperties": 1, "not": NULL, "enum": [1], "pattern": "a"}),
        sent(member({"type": ["number", "null"]})),
    ),
    "a request has another alternative": (sent(text_or()), sent(text_or(NULL))),
    "alternatives are in another order": (sent(text_or(NULL)), sent({"anyOf": [NULL, {"type": "string"}]})),
    "a limit is wider": (sent({"maximum": 1, "minimum": 1}), sent({"maximum": 2, "minimum": 0})),
    "an answer has another member": (shown(member({})), shown({"properties": {"a": {}, "b": {}}, "type": "object"})),
    "an answer has another value": (shown({"enum": [1]}), shown({"enum": [1, 2]})),
    "an answer has another kind of object": (
        shown({"oneOf": [member({"const": 1})]}),
        shown({"oneOf": [member({"const": 1}), member({"const": 2})]}),
    ),
    "an answer is narrower": (shown({"type": ["null", "number"]}), shown(NULL | {"maximum": 1, "default": 1})),
    "words are others": (sent({"description": "a", "x-message": "b"}), sent({"title": "c", "examples": [1]})),
    "more is taken": (
        operation(requestBody=BODY | {"x-max-bytes": 1}),
        operation(requestBody=BODY | {"x-max-bytes": 2, "description": "More."}),
    ),
    "there are links": (operation(), operation(summary="Order", tags=["a"], **{"x-audit": "ordered"})),
    "there is another operation": ({"paths": {}}, operation()),
    "a parameter is new": (operation(), parameter()),
}


def test_nothing_breaks_those_who_use_what_is_the_same() -> None:
    assert [*breaks(CONTRACT, deepcopy(CONTRACT))] == []


@pytest.mark.parametrize("what", SCHEMAS_OF_REQUESTS)
def test_a_request_that_takes_less_breaks(what: str) -> None:
    old, new, said = SCHEMAS_OF_REQUESTS[what]
    found = [*breaks(sent(old), sent(new))]
    assert found
    assert all(line.startswith(f"{OPERATION}: the body") and said in line for line in found), found
    assert [*breaks(sent({"type": "array", "items": old}), sent({"type": "array", "items": new}))]


@pytest.mark.parametrize(
    "keyword",
    [
        *(f"{side}{what}" for side in ("min", "max") for what in ("Length", "Items", "Contains", "Properties", "imum")),
        *("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems", "pattern", "format", "not"),
        *("dependentRequired", "contains", "else", "unevaluatedItems", "contentMediaType", "contentEncoding"),
    ],
)
def test_a_request_without_a_condition_breaks_nobody(keyword: str) -> None:
    assert [*breaks(sent({keyword: {"type": "null"}}), sent({}))] == []


@pytest.mark.parametrize("keyword", ["x-percent-encoded", "x-members-of-answer"])
def test_how_a_request_is_read_says_nothing_of_an_answer(keyword: str) -> None:
    assert [*breaks(shown({}), shown({keyword: True}))] == []


@pytest.mark.parametrize("what", SCHEMAS_OF_ANSWERS)
def test_an_answer_that_shows_less_breaks(what: str) -> None:
    old, new, said = SCHEMAS_OF_ANSWERS[what]
    found = [*breaks(shown(old), shown(new))]
    assert found
    assert all(line.startswith(f"{OPERATION}: the answer 200") and said in line for line in found), found


@pytest.mark.parametrize("what", OPERATIONS)
def test_an_operation_that_asks_for_more_or_answers_less_breaks(what: str) -> None:
    old, new, said = OPERATIONS[what]
    found = [*breaks(old, new)]
    assert OPERATION + said in found, found


@pytest.mark.parametrize("what", HARMLESS)
def test_what_breaks_nobody_is_not_named(what: str) -> None:
    assert [*breaks(*HARMLESS[what])] == []


def test_what_a_reference_leads_to_breaks_where_it_is_used() -> None:
    def contract(least: int) -> Any:
        tree = {
            "properties": {"value": {"minimum": least}, "children": {"items": {"$ref": "#/components/schemas/Tree"}}}
        }
        return sent({"$ref": "#/components/schemas/Tree", "required": []}) | {"components": {"schemas": {"Tree": tree}}}

    assert sorted(breaks(contract(1), contract(2))) == [
        f"{OPERATION}: the body, member children, in items, member value has another minimum",
        f"{OPERATION}: the body, member value has another minimum",
    ]


def test_those_who_choose_members_of_an_answer_are_left_out() -> None:
    chosen = {"x-chosen-by": "fields"}
    old, new = ({"anyOf": [member(schema), chosen]} for schema in (NULL, NUMBER))
    assert [*breaks(shown(old), shown(new))] == [f"{OPERATION}: the answer 200, member a may be number now"]
