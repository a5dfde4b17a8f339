"""What expressions make of what they read is followed, too."""

import pytest

from chalicelib.core.values.json import Json
from tests.core.definitions.test_lint import each, echo, warnings


def closed(**members: Json) -> Json:
    return {"type": "object", "properties": members, "additionalProperties": False}


NUMBER: Json = {"type": "number"}
SCHEMA = closed(
    name={"type": "string"},
    box=closed(size=NUMBER),
    lines={"type": "array", "items": closed(price=NUMBER, sku={"type": "string"})},
    any=True,
)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("merge(input.box, {b: input.name}).c", "there is never a 'c' in merge(…): it has b, size"),
        ("merge(input.box, input).sise", "there is never a 'sise' in merge(…) (did you mean 'size'?)"),
        ("{a: input.box}.b", "there is never a 'b' in {…}: it has a"),
        ("{a: {b: input.box}}.a.b.sise", "there is never a 'sise' in {…}.a.b (did you mean 'size'?)"),
        ("input.lines[].{p: price} | [0].q", "there is never a 'q' in {…}: it has p"),
        ("sort_by(map(&{p: price}, input.lines), &q)", "there is never a 'q' in {…}: it has p"),
        ("input | {box: box} | box.sise", "there is never a 'sise' in {…}.box (did you mean 'size'?)"),
        ("[input.box, input.lines[0]][1].cost", "there is never a 'cost' in […][]: it has price, size, sku"),
        ("zip(input.lines, input.lines)[0].price", "zip(…)[] is a list: write zip(…)[][0].price for the first item"),
        ("zip(input.lines, input.lines)[0][1].prise", "there is never a 'prise' in zip(…)[][] (did you mean 'price'?)"),
        ("chunk(input.lines, `2`)[0][0].prise", "there is never a 'prise' in chunk(…)[][] (did you mean 'price'?)"),
        ("(input.box || {a: `1`}).b", "there is never a 'b' in (… || …): it has a, size"),
        ("(input.any && input.box).sise", "there is never a 'sise' in input.box (did you mean 'size'?)"),
        ("default(input.box, {a: `1`}).b", "there is never a 'b' in default(…): it has a, size"),
        ("if(input.any, input.box, input.box).b", "there is never a 'b' in if(…): it has size"),
        ("not_null(input.box, input.box).b", "there is never a 'b' in not_null(…): it has size"),
        ("required(input.box).b", "there is never a 'b' in input.box: it has size"),
        ("omit(input.box, ['a']).b", "there is never a 'b' in input.box: it has size"),
        ("pick(input.box, ['size']).b", "there is never a 'b' in pick(…): it has size"),
        ("pick(input.box, ['sise'])", "there is never a 'sise' in input.box (did you mean 'size'?)"),
        ("get(input.box, 'sise')", "there is never a 'sise' in input.box (did you mean 'size'?)"),
        ("at(input.lines, `0`, {a: `1`}).b", "there is never a 'b' in at(…): it has a, price, sku"),
        ("values(input.box)[0].b", "input.box.* is a number: there is no 'b' in it"),
        ("keys(input.box).size", "keys(…) is a list: write length(keys(…))"),
        ("max(input.lines[].price).b", "input.lines[].price is a number: there is no 'b' in it"),
        ("sum(input.lines[].price).b", "sum(…) is a number: there is no 'b' in it"),
        ("split(input.name, ',')[0].b", "split(…)[] is a text: there is no 'b' in it"),
        ("now().b", "now() is a text: there is no 'b' in it"),
        ("(input.name == 'x').b", "a comparison is a boolean: there is no 'b' in it"),
        ("{a: !(input.any)}.a.b", "{…}.a is a boolean: there is no 'b' in it"),
        ('`{"a": 1}`.b', "there is never a 'b' in `{…}`: it has a"),
        ("`[1]`.b", "`[…]` is a list: write `[…]`[0].b for the first item"),
        ("`1`.b", "`…` is a number: there is no 'b' in it"),
        ("'x'.b", "'…' is a text: there is no 'b' in it"),
    ],
)
def test_a_name_that_is_never_in_what_an_expression_makes_is_said(expression: str, said: str) -> None:
    ((_, found),) = warnings(echo("a", f"${{ {expression} }}"), inputSchema=SCHEMA)
    assert found.startswith(said)


@pytest.mark.parametrize(
    "expression",
    [
        "merge(input.box, {b: input.name}).[size, b]",
        "merge(input.box, input.any).c",
        "(input.box || input.any).c",
        "(input.name || {a: `1`}).a",
        "if(input.any, input.box, input.lines[0]).[size, price]",
        "get(input.box, input.name).a",
        "get(input.any, 'a', {b: `1`}).c",
        "pick(input.box, [input.name]).b",
        "from_json(input.name).b",
        "to_array(input.box)[0].b",
        "`null`.b",
        "map(&merge(@, {x: `1`}), input.lines)[0].x",
        "max_by(input.lines, &price).sku",
    ],
)
def test_of_what_may_be_there_nothing_is_said(expression: str) -> None:
    assert warnings(echo("a", f"${{ {expression} }}"), inputSchema=SCHEMA) == []


def test_what_is_made_is_followed_through_steps_the_stash_and_items() -> None:
    steps: list[Json] = [
        echo("a", "${ merge(input.box, {b: `1`}) }", stash={"c": "${ {d: output} }"}),
        echo("e", "${ [output.x, stash.c.d.y] }"),
        each("m", echo("i", "${ item.z }"), items="${ zip(input.lines, input.lines) }"),
    ]
    assert [said for _, said in warnings(*steps, inputSchema=SCHEMA)] == [
        "there is never a 'x' in output: it has b, size",
        "there is never a 'y' in stash.c.d: it has b, size",
        "item is a list: write item[0].z for the first item, item[*].z for all",
    ]


def test_what_is_made_of_itself_again_and_again_is_told_once() -> None:
    assert warnings(echo("a", "${ input" + " | [@, @]" * 40 + " | [0][0] }")) == []
