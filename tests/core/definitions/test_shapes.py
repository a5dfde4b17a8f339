"""What is told of paths into the stash, the result and the error: names that no step before can have left there."""

from collections.abc import Mapping

import pytest

from chalicelib.core.definitions.lint import lint
from chalicelib.core.values.json import Json
from chalicelib.steps import STEP_TYPES
from chalicelib.steps.aws import AwsStep
from tests.core.definitions.test_lint import each, echo, warnings

HTTP: Json = {"id": "ask", "type": "http", "url": "https://x.test", "stash": "greeting"}
TASK: Json = {
    "id": "ask",
    "type": "task",
    "title": "t",
    "inputSchema": {"properties": {"approved": {}}, "additionalProperties": False},
    "stash": "greeting",
}
BODY: Json = {"properties": {"name": {}}, "additionalProperties": False}
FORK: Json = {
    "id": "fork",
    "type": "parallel",
    "branches": [{"id": "left", "steps": [echo("l", {"a": 1})]}, {"id": "right", "steps": [echo("r")]}],
    "stash": "greeting",
}


def made(output: Json, **more: Json) -> Json:
    return {"id": "make", "type": "transform", "output": output, "stash": "greeting", **more}


def said_of(step: Json, path: str, *others: Json, **more: Json) -> list[str]:
    """Tell what is said of a path into what a step has left."""
    found = warnings(step, *others, echo("z", f"${{{path}}}"), **more)
    return [said for place, said in found if place == f"/steps/{len(others) + 1}/message"]


@pytest.mark.parametrize(
    ("step", "name", "known"),
    [
        (HTTP, "boddy", "body"),
        (TASK, "aproved", "approved"),
        (made({"total": 1}), "totl", "total"),
        (made({"order": {"total": "${input.total}"}}), "ordr", "order"),
        (echo("a", {"total": 1}, stash="greeting"), "totl", "total"),
        ({**HTTP, "output": {"name": "${output.body.name}"}}, "nam", "name"),
        ({**HTTP, "stash": {"greeting": "${output}"}}, "boddy", "body"),
        ({**HTTP, "output": {"text": "${output.body}"}, "stash": {"greeting": "${output}"}}, "txt", "text"),
        (FORK, "rihgt", "right"),
        ({**FORK, "join": "first"}, "outputs", "output"),
        ({"id": "l", "type": "lambda", "function": "f", "mode": "forget", "stash": "greeting"}, "state", "status"),
        ({"id": "w", "type": "workflow", "definition": "d", "wait": False, "stash": "greeting"}, "ID", "id"),
    ],
)
def test_a_name_that_the_step_never_leaves_is_said_with_the_nearest(step: Json, name: str, known: str) -> None:
    said = f"there is never a {name!r} in stash.greeting (did you mean {known!r}?)"
    assert said_of(step, f"stash.greeting.{name}") == [said]
    assert said_of(step, f"stash.greeting.{known}") == []


@pytest.mark.parametrize(
    ("step", "name", "known"),
    [
        (HTTP, "boddy", "body"),
        (TASK, "aproved", "approved"),
        (made({"total": 1}), "totl", "total"),
        ({**HTTP, "output": {"name": "${output.body.name}"}}, "nam", "name"),
        (FORK, "rihgt", "right"),
    ],
)
def test_a_name_that_the_step_before_never_comes_to_is_said_with_the_nearest(step: Json, name: str, known: str) -> None:
    said = f"there is never a {name!r} in output (did you mean {known!r}?)"
    assert said_of(step, f"output.{name}") == [said]
    assert said_of(step, f"output.{known}") == []


CHOICE: Json = {"id": "choose", "type": "choice", "choices": [{"when": "input.a", "next": "z"}], "default": "z"}
BODDY = "there is never a 'boddy' in output (did you mean 'body'?)"


@pytest.mark.parametrize(
    "others",
    [
        [CHOICE],
        [{"id": "w", "type": "wait", "seconds": 1}],
        [{"id": "t", "type": "transform", "stash": "t"}],
        [{"id": "s", "type": "succeed", "when": "input.a"}],
        [{"id": "f", "type": "fail", "when": "input.a"}],
        [made({"total": 1}, catch=[{"errors": ["*"], "next": "z"}])],
        [echo("o", {"a": 1}, when="input.a")],
    ],
)
def test_what_a_step_passes_on_is_known_behind_it(others: list[Json]) -> None:
    assert said_of(HTTP, "output.boddy", *others) == [BODDY]
    assert said_of(HTTP, "output.body", *others) == []


def test_what_came_in_at_the_first_step_is_the_input() -> None:
    schema: Json = {"properties": {"name": {}}, "additionalProperties": False}
    first: Json = {"id": "first", "type": "wait", "seconds": 1}
    assert said_of(first, "output.nme", inputSchema=schema) == [
        "there is never a 'nme' in output (did you mean 'name'?)"
    ]


@pytest.mark.parametrize(
    "steps",
    [
        [HTTP | {"when": "input.asks"}],
        [HTTP, made("${input.made}")],
        [HTTP, CHOICE | {"when": "input.a", "output": "${input.b}"}],
        [HTTP | {"catch": [{"errors": ["*"], "next": "z"}]}],
        [HTTP, echo("o", "${input.any}", when="input.a")],
    ],
)
def test_of_what_may_come_from_elsewhere_nothing_is_said(steps: list[Json]) -> None:
    first, *others = steps
    assert said_of(first, "output.boddy", *others) == []


@pytest.mark.parametrize(
    ("step", "path", "place"),
    [
        (made({"order": {"total": 1}}), "order.foo", "stash.greeting.order"),
        (made({"order": "${input.order}"}), "order.foo", "stash.greeting.order"),
        (made({"lines": "${input.lines[0]}"}), "lines.foo", "stash.greeting.lines"),
        (FORK, "left.foo", "stash.greeting.left"),
        ({**each("m", echo("e", {"a": 1})), "stash": "greeting"}, "[0].foo", "stash.greeting[]"),
        (
            {**each("m", echo("e", {"a": 1})), "tolerate": {"count": 1}, "stash": "greeting"},
            "[0].foo",
            "stash.greeting[]",
        ),
        (made([{"a": 1}, {"b": 1}]), "[1].foo", "stash.greeting[]"),
        (made("${{order: input.order, text: `1`}}"), "foo", "stash.greeting"),
        (made("${{order: input.order, text: `1`}}"), "order.foo", "stash.greeting.order"),
        (made("${input.lines[?name] | [0]}"), "foo", "stash.greeting"),
        (made("${sort_by(input.lines, &name)}"), "[0].foo", "stash.greeting[]"),
        (made("${map(&@, input.lines)}"), "[0].foo", "stash.greeting[]"),
        (made("${max_by(input.lines, &name)}"), "foo", "stash.greeting"),
        ({**FORK, "join": "first"}, "output.foo", "stash.greeting.output"),
    ],
)
def test_what_is_deeper_is_known_too(step: Json, path: str, place: str) -> None:
    schema: Json = {"properties": {"order": BODY, "lines": {"items": BODY}}}
    dot = "" if path.startswith("[") else "."
    (said,) = said_of(step, f"stash.greeting{dot}{path}", inputSchema=schema)
    assert said.startswith(f"there is never a 'foo' in {place}")


@pytest.mark.parametrize(
    "step",
    [
        {**HTTP, "callback": True},
        {**HTTP, "output": "${output.body}"},
        {**HTTP, "output": "${merge(output, input)}"},
        {**TASK, "inputSchema": "${input.schema}"},
        {"id": "w", "type": "workflow", "definition": "other", "stash": "greeting"},
        {"id": "t", "type": "transform", "stash": "greeting"},
        echo("a", "${input.any}", stash="greeting"),
        echo("a", "${$}", stash="greeting"),
        {**TASK, "due": {"seconds": 1, "then": "continue", "value": 1}},
        {**FORK, "join": "${input.join}"},
        {"id": "l", "type": "lambda", "function": "f", "stash": "greeting"},
    ],
)
def test_of_what_may_be_anything_nothing_is_said(step: Json) -> None:
    assert said_of(step, "stash.greeting.foo") == []


CAUGHT: Json = {"errors": ["*"], "next": "o"}


@pytest.mark.parametrize(
    ("inner", "known"),
    [
        ([echo("i", {"a": 1})], "a"),
        ([echo("i", {"a": 1}), {"id": "w", "type": "wait", "seconds": 1}], "a"),
        ([echo("i", {"a": 1}, when="input.x"), echo("o", {"b": 1})], "b"),
        ([echo("i", {"a": 1}, catch=[CAUGHT], end=True), echo("o", {"b": 1})], "a, b"),
        ([{"id": "s", "type": "succeed", "when": "input.x", "output": {"a": 1}}, echo("o", {"b": 1})], "a, b"),
        ([echo("i", {"a": 1}), {"id": "f", "type": "fail"}, echo("o", {"b": 1})], "b"),
        ([echo("i", {"a": 1}, next="w"), {"id": "w", "type": "wait", "seconds": 1, "when": "input.x"}], "a"),
    ],
)
def test_a_list_comes_to_what_one_of_its_ends_does(inner: list[Json], known: str) -> None:
    if len(inner) == 3:  # what is behind a step that fails is led to
        inner[0] = {**inner[0], "catch": [CAUGHT]}  # type: ignore[dict-item] # it is an object
    step: Json = {**FORK, "branches": [{"id": "left", "steps": inner}]}
    assert said_of(step, "stash.greeting.left.foo") == [
        f"there is never a 'foo' in stash.greeting.left: it has {known}"
    ]


def test_a_list_whose_end_is_skipped_comes_to_what_came_in() -> None:
    step: Json = {**FORK, "branches": [{"id": "left", "steps": [echo("i", {"a": 1}, when="input.x")]}]}
    assert said_of(step, "stash.greeting.left.foo") == []


def test_where_several_steps_stash_a_name_it_is_in_one_of_them() -> None:
    other = echo("b", {"total": 1}, stash="greeting")
    assert said_of(HTTP, "stash.greeting.total", other) == []
    assert said_of(HTTP, "stash.greeting.body", other) == []
    assert said_of(HTTP, "stash.greeting.totl", other) == [
        "there is never a 'totl' in stash.greeting (did you mean 'total'?)"
    ]


def test_of_one_that_is_not_described_only_what_is_much_like_a_name_is_said() -> None:
    step: Json = {**TASK, "inputSchema": {"properties": {"approved": {}}}}
    assert said_of(step, "stash.greeting.other") == []
    said = "no schema describes a 'aproved' in stash.greeting (did you mean 'approved'?)"
    assert said_of(step, "stash.greeting.aproved") == [said]


def test_the_stash_of_the_definition_is_known() -> None:
    stash: Json = {"greeting": {"text": "${input}"}}
    assert said_of(echo("a"), "stash.greeting.txt", stash=stash) == [
        "there is never a 'txt' in stash.greeting (did you mean 'text'?)"
    ]


def test_it_is_not_there_while_it_is_made() -> None:
    found = warnings(echo("a"), stash={"greeting": "${stash.greeting.text}"})
    assert found == [("/stash/greeting", "nothing that can be seen here stashes 'greeting'")]


def test_steps_inside_of_others_see_what_was_stashed_before() -> None:
    found = warnings(HTTP, each("m", echo("e", "${stash.greeting.boddy}")))
    assert found == [("/steps/1/steps/0/message", "there is never a 'boddy' in stash.greeting (did you mean 'body'?)")]


def test_an_error_is_known_wherever_it_is_seen() -> None:
    caught: Json = {**HTTP, "stash": "x", "catch": [{"errors": ["*"], "next": "z", "stash": "greeting"}]}
    assert said_of(caught, "stash.greeting.detail") == [
        "there is never a 'detail' in stash.greeting (did you mean 'details'?)"
    ]
    assert said_of(caught, "error.mesage") == ["there is never a 'mesage' in error (did you mean 'message'?)"]
    assert said_of({**caught, "stash": "greeting"}, "stash.greeting.body") == []


def test_templates_of_the_stash_see_the_result_that_goes_on() -> None:
    step: Json = {**HTTP, "output": {"name": "${output.body.name}"}, "stash": {"greeting": "${output.name}"}}
    assert warnings(step) == []


@pytest.mark.parametrize(
    ("step", "path", "said"),
    [
        (echo("a", ["x"], stash="greeting"), "stash.greeting.foo", "stash.greeting is a list: write"),
        (made({"total": 1}), "stash.greeting[0]", "stash.greeting is an object and no list"),
        (HTTP, "output[*].body", "output is an object and no list"),
        (made({"total": 1}), "stash[0]", "stash is an object and no list"),
        (made({"total": 1}), "stash[*].greeting", "stash is an object and no list"),
        (HTTP, "execution[0]", "execution is an object and no list"),
        (FORK, "output.left[0]", "output.left is an object and no list"),
        (echo("a", "Hello ${input.name}", stash="greeting"), "stash.greeting.message", "stash.greeting is a text"),
        (echo("a", 1.5, stash="greeting"), "stash.greeting.foo", "stash.greeting is a number"),
        (echo("a", [1] * 20, stash="greeting"), "stash.greeting[0].foo", "stash.greeting[] is a whole number"),
        ({**HTTP, "expect": {"body": "text"}}, "stash.greeting.body.foo", "stash.greeting.body is a text"),
        (HTTP, "output.headers.Link", "there is never a 'Link' in output.headers (did you mean 'link'?)"),
        (HTTP, "output.status.code", "output.status is a whole number: there is no 'code' in it"),
    ],
)
def test_a_list_is_no_object_and_an_object_no_list(step: Json, path: str, said: str) -> None:
    (found,) = said_of(step, path)
    assert found.startswith(said)


def test_of_what_is_one_of_many_items_nothing_is_said() -> None:
    assert said_of(echo("a", [1] * 21, stash="greeting"), "stash.greeting[0].foo") == []


@pytest.mark.parametrize("path", ["[0].a", "[*].error.message", "[0].index", "[0].item.name"])
def test_an_item_that_failed_stands_among_the_results(path: str) -> None:
    step: Json = {**each("m", echo("e", {"a": 1})), "tolerate": {"count": 1}, "stash": "greeting"}
    assert said_of(step, f"stash.greeting{path}") == []


def test_a_step_that_failed_has_left_nothing() -> None:
    caught: Json = {**HTTP, "catch": [{"errors": ["*"], "next": "z"}], "end": True}
    assert said_of(caught, "stash.greeting.body") == ["nothing that runs before this stashes 'greeting'"]


@pytest.mark.parametrize("items", ["${input.lines}", "${input.lines[?price]}", [{"price": 1}], "${stash.lines}"])
def test_the_item_of_a_map_is_known_and_comes_in_at_its_first_step(items: Json) -> None:
    line: Json = {"type": "object", "properties": {"price": {"type": "number"}}, "additionalProperties": False}
    schema: Json = {"properties": {"lines": {"type": "array", "items": line}}}
    steps = each("m", echo("a", "${item.prise}"), items=items), each("n", echo("b", "${output.prise}"), items=items)
    never = "there is never a 'prise' in {} (did you mean 'price'?)"
    assert warnings(*steps, inputSchema=schema, stash={"lines": "${input.lines}"}) == [
        ("/steps/0/steps/0/message", never.format("item")),
        ("/steps/1/steps/0/message", never.format("output")),
    ]


def test_in_a_loop_each_step_that_leads_back_counts() -> None:
    loop: list[Json] = [
        echo("a", {"x": 1}),
        {"id": "b", "type": "transform", "output": {"y": "${output.x}", "z": "${output.y}"}},
        {"id": "c", "type": "choice", "choices": [{"when": "output.w", "next": "b"}], "default": "z"},
    ]
    assert warnings(*loop, echo("z", "${[output.y, output.w]}")) == [
        ("/steps/2/choices/0/when", "there is never a 'w' in output: it has y, z"),
        ("/steps/3/message", "there is never a 'w' in output: it has y, z"),
    ]


def test_what_is_made_of_itself_or_of_many_others_may_be_anything() -> None:
    again: Json = {"id": "b", "type": "transform", "output": "${output}", "next": "c"}
    loop = echo("a", {"x": 1}), again, {**CHOICE, "id": "c", "choices": [{"when": "output.w", "next": "b"}]}  # type: ignore[dict-item] # it is an object
    assert warnings(*loop, echo("z", "${output.w}")) == []


@pytest.mark.parametrize(("others", "is_said"), [(30, True), (31, False)])
def test_what_is_stashed_is_followed_through_so_many_names(others: int, *, is_said: bool) -> None:
    steps = [echo(f"s{number}", stash={f"x{number + 1}": f"${{stash.x{number}}}"}) for number in range(others)]
    found = warnings(*steps, echo("z", f"${{stash.x{others}.foo}}"), stash={"x0": 1})
    said = f"stash.x{others} is a whole number: there is no 'foo' in it"
    assert [message for _, message in found] == ([said] if is_said else [])


def test_names_that_many_steps_stash_one_of_the_other_are_each_told_once() -> None:
    steps = [echo(f"s{number}", stash={"x": "${stash.x}"}) for number in range(19)]
    ((_, said),) = warnings(*steps, echo("z", "${stash.x.foo}"), stash={"x": 1})
    assert said == "stash.x is a whole number: there is no 'foo' in it"


@pytest.mark.parametrize(("others", "is_said"), [(48, True), (49, False)])
def test_what_is_passed_on_is_followed_through_so_many_steps(others: int, *, is_said: bool) -> None:
    waits: list[Json] = [{"id": f"w{number}", "type": "wait", "seconds": 1} for number in range(others)]
    assert said_of(HTTP, "output.boddy", *waits) == ([BODDY] if is_said else [])


def test_a_member_of_the_input_is_hardly_one_of_an_element() -> None:
    item: Json = {"type": "object", "properties": {"price": {}}}
    schema: Json = {"properties": {"limit": {}, "lines": {"type": "array", "items": item}}}
    assert warnings(echo("a", "${input.lines[?price > limit]}"), inputSchema=schema) == [
        ("/steps/0/message", "no schema describes a 'limit' in input.lines[] (did you mean '$.input.limit'?)")
    ]


def test_answers_of_aws_are_known_for_as_many_services_as_may_be_called() -> None:
    asked: list[str] = []

    def answer_of(step: Mapping[str, Json]) -> Json:
        asked.append(str(step["service"]))
        return {"properties": {"id": {}}, "additionalProperties": False}

    types = {**STEP_TYPES, "aws": AwsStep(answer_of)}
    calls: list[Json] = [
        {"id": f"c{n}", "type": "aws", "service": f"s{n}", "action": "A", "output": "${output.x}"} for n in range(13)
    ]
    found = lint({"id": "x", "steps": calls}, types)
    assert [each.message for each in found] == ["there is never a 'x' in output: it has id"] * 12
    assert {*asked} == {f"s{n}" for n in range(12)}


def test_where_a_step_may_lead_anywhere_nothing_is_known_of_what_comes_in() -> None:
    steps: Json = [
        {"id": "ask", "type": "http", "url": "https://x.test", "next": "gone"},
        echo("z", "${output.boddy}"),
    ]
    assert lint({"id": "x", "steps": steps}, STEP_TYPES, is_whole=False) == []
