"""What all schemas of one definition may have together."""

import pytest

from chalicelib.core.schemas.schema import MAX_SCHEMAS, SchemaRoom, schema_problems
from chalicelib.core.values.json import Json
from chalicelib.core.values.pattern import compile_pattern

LARGE = compile_pattern("[^a]{90}")
FIVE = {"properties": {key: {"type": "string"} for key in "abcd"}}
TOO_MANY = "the schemas of a definition hold at most 1,500 schemas (definition_schemas)"


@pytest.mark.parametrize(
    ("schema", "cost"),
    [
        (FIVE, 5),
        ({"type": "strinq"}, 2),
        ({"pattern": "a"}, 2),
        ({"pattern": "(\\pL{40}){8}"}, 41),
        ({"pattern": LARGE.pattern}, 2 + LARGE.programsize // 100),
    ],
    ids=["5 schemas", "what is wrong", "a pattern", "a pattern that is too large", "a large pattern"],
)
def test_the_schemas_of_a_definition_share_a_bound(schema: Json, cost: int) -> None:
    room = SchemaRoom()
    schema_problems(schema, (), room)
    assert room.left == MAX_SCHEMAS - cost


def test_where_the_bound_is_used_up_no_schema_is_looked_at() -> None:
    room = SchemaRoom()
    room.spend(MAX_SCHEMAS)
    assert schema_problems({"type": "strinq"}, ("a",), room)[0].message.startswith('"strinq" is none of')
    (problem,) = schema_problems({"type": "strinq"}, ("a",), room)
    assert (problem.pointer, problem.message.startswith(TOO_MANY)) == ("/a", True)
