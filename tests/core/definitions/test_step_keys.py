from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.definitions.model import Catch, Definition, RetryPolicy, Step
from chalicelib.core.definitions.parser import parse
from chalicelib.core.expressions.template import Scope, Template, is_true, render
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json
from chalicelib.steps import STEP_TYPES

CENTURY = 36_525 * 86_400


def definition(**keys: Json) -> Definition:
    return parse({"id": "x", "steps": [{"id": "a", "type": "echo", "message": 1}], **keys}, STEP_TYPES)


def two(**keys: Json) -> dict[str, Json]:
    first: dict[str, Json] = {"id": "a", "type": "echo", "message": 1, **keys}
    return {"id": "x", "steps": [first, {"id": "handler", "type": "transform"}]}


def step(**keys: Json) -> Step:
    return parse(two(**keys), STEP_TYPES).steps["a"]


def problems(document: Json) -> list[tuple[str, str]]:
    with pytest.raises(InvalidDefinitionError) as raised:
        parse(document, STEP_TYPES)
    return [(problem.pointer, problem.message) for problem in raised.value.problems]


def holds(condition: Template | None, **values: Json) -> bool:
    assert condition is not None
    return is_true(render(condition, Scope(values, datetime(2026, 1, 1, tzinfo=UTC), "seed")))


EXPECTED = '"{{ x }}" is a text, not an object; it takes statuses, body; {{ }} is plain text: '
EXPECTED += "an expression is written ${ }"


class TestWhen:
    def test_it_is_a_bare_expression(self) -> None:
        when = step(when="input.n > `1`").when
        assert holds(when, input={"n": 2})
        assert not holds(when, input={"n": 1})
        assert step().when is None

    @pytest.mark.parametrize(
        ("when", "message"),
        [
            (True, "true is a boolean, not a text: write '`true`', in quotes and backticks"),
            ("", "the expression is empty at column 1"),
            ("input.", "the expression is incomplete: something is missing behind its last sign at column 7"),
            ("nope(@)", "there is no function nope() at column 1"),
        ],
    )
    def test_what_is_no_condition_is_refused(self, when: Json, message: str) -> None:
        assert problems(two(when=when)) == [("/steps/0/when", message)]

    def test_a_template_in_its_place_is_refused_and_told_how_to_write_it(self) -> None:
        ((place, message),) = problems(two(when="${ input.n }"))
        assert place == "/steps/0/when"
        assert message == "a condition is written without ${ }: write input.n"


@pytest.mark.parametrize(
    ("more", "place", "message"),
    [
        ({"end": False}, "end", "false cannot stand here, only true can: leave it out"),
        ({"callback": "no"}, "callback", '"no" is a text, not a boolean: write false'),
        ({"callback": 5}, "callback", "5 is a number, not a boolean"),
        ({"expect": 200}, "expect", "200 is a number, not an object; it takes statuses, body"),
        ({"headers": "a: b"}, "headers", '"a: b" is a text, not an object: write it as {"Accept": "application/json"}'),
        ({"followRedirects": []}, "followRedirects", "it is a list, not a boolean"),
        ({"url": True}, "url", "true is a boolean, not a text"),
    ],
)
def test_what_has_another_type_is_answered_with_what_to_write(more: dict[str, Json], place: str, message: str) -> None:
    step: Json = {"id": "a", "type": "http", "url": "https://a.test", **more}
    assert problems({"id": "example", "steps": [step]}) == [(f"/steps/0/{place}", message)]


@pytest.mark.parametrize(
    ("more", "place", "message"),
    [
        ({"type": "event", "name": "n", "schema": [3]}, "schema", "it is a list, not an object or a boolean"),
        (
            {"type": "wait", "seconds": "input.x"},
            "seconds",
            '"input.x" is a text, not a number: write ${ input.x } for what an expression yields',
        ),
        (
            {"type": "wait", "seconds": "{{ x }}"},
            "seconds",
            '"{{ x }}" is a text, not a number: {{ }} is plain text: an expression is written ${ }',
        ),
        ({"type": "http", "url": "https://a.test", "expect": "{{ x }}"}, "expect", EXPECTED),
        ({"type": "echo", "message": 1, "end": "{{ x }}"}, "end", '"{{ x }}" cannot stand here, only true can'),
        (
            {"type": "echo", "message": 1, "catch": "input.x"},
            "catch",
            '"input.x" is a text, not a list: write it as [{"errors": ["*"], "next": "mend"}]',
        ),
    ],
)
def test_each_mistake_is_told_once_and_expressions_are_advised_where_they_may_stand(
    more: dict[str, Json], place: str, message: str
) -> None:
    assert problems({"id": "example", "steps": [{"id": "a", **more}]}) == [(f"/steps/0/{place}", message)]


def test_the_version_of_a_child_may_be_left_out() -> None:
    step: Json = {"id": "a", "type": "workflow", "definition": "b", "version": "latest"}
    said = '"latest" is a text, not a whole number: leave it out for the newest'
    assert problems({"id": "example", "steps": [step]}) == [("/steps/0/version", said)]


class TestTimeout:
    @pytest.mark.parametrize(
        ("seconds", "timeout"),
        [
            (60, timedelta(minutes=1)),
            (0.25, timedelta(milliseconds=250)),
            (0.00001, timedelta(milliseconds=1)),
            (CENTURY, timedelta(days=36_525)),
        ],
    )
    def test_of_a_step_and_of_a_definition_it_counts_to_the_millisecond(
        self, seconds: float, timeout: timedelta
    ) -> None:
        assert step(timeoutSeconds=seconds).timeout == timeout
        assert definition(timeoutSeconds=seconds).timeout == timeout

    def test_of_a_definition_it_is_no_template_as_the_numbers_of_its_retry_are_none(self) -> None:
        retry: Json = [{"errors": ["*"], "maxAttempts": "${ input.n }"}]
        said = "no template is read here: write the value itself"
        of_a_step = f"{said}, or say it of a step, where it may be a template"
        assert problems({**two(), "timeoutSeconds": "${ input.n }", "retry": retry}) == [
            ("/timeoutSeconds", of_a_step),
            ("/retry/0/maxAttempts", of_a_step),
        ]
        assert problems(two(next="${ input.n }", end="${ input.n }"))[0] == ("/steps/0/end", said)

    def test_without_one_there_is_none(self) -> None:
        assert step().timeout is None
        assert definition().timeout is None

    @pytest.mark.parametrize(
        ("seconds", "message"),
        [
            (0, "0 is too small: it has to be above 0"),
            (-1, "-1 is too small: it has to be above 0"),
            (CENTURY + 1, "3155760001 is too large: 3,155,760,000 is the most (longest_time): wait again in a loop"),
            ("60", '"60" is a text, not a number: write 60, without quotes'),
            (True, "true is a boolean, not a number"),
        ],
    )
    def test_what_is_no_time_is_refused(self, seconds: Json, message: str) -> None:
        assert problems(two(timeoutSeconds=seconds)) == [("/steps/0/timeoutSeconds", message)]
        assert problems(two() | {"timeoutSeconds": seconds}) == [("/timeoutSeconds", message)]


class TestOutputSchema:
    def test_it_is_compiled(self) -> None:
        schema = definition(outputSchema={"required": ["n"]}).output_schema
        assert schema is not None
        assert [problem.message for problem in schema.problems({})] == ["'n' is a required property"]
        assert definition().output_schema is None

    def test_its_problems_have_their_place(self) -> None:
        assert [place for place, _ in problems(two() | {"outputSchema": {"type": "nothing"}})] == ["/outputSchema/type"]
        assert [place for place, _ in problems(two() | {"outputSchema": 5})] == ["/outputSchema"]


class TestRetry:
    def test_it_has_defaults(self) -> None:
        assert step(retry=[{"errors": ["*"]}]).retry == [
            RetryPolicy(
                ["*"],
                max_attempts=3,
                interval=timedelta(seconds=1),
                backoff_rate=2,
                max_delay=timedelta(hours=1),
                jitter=True,
            )
        ]

    def test_everything_can_be_said(self) -> None:
        full: Json = {
            "errors": ["http.*", "Timeout", "order.Too-Large_2"],
            "maxAttempts": 100,
            "intervalSeconds": 0.5,
            "backoffRate": 1,
            "maxDelaySeconds": 10,
            "jitter": "none",
        }
        assert step(retry=[full, {"errors": ["*"], "jitter": "full", "maxAttempts": 1}]).retry == [
            RetryPolicy(
                ["http.*", "Timeout", "order.Too-Large_2"],
                max_attempts=100,
                interval=timedelta(milliseconds=500),
                backoff_rate=1,
                max_delay=timedelta(seconds=10),
                jitter=False,
            ),
            RetryPolicy(["*"], max_attempts=1),
        ]

    def test_a_long_interval_is_not_cut_short_by_a_longest_delay_that_nobody_named(self) -> None:
        (policy,) = step(retry=[{"errors": ["*"], "intervalSeconds": 7200}]).retry
        assert (policy.interval, policy.max_delay) == (timedelta(hours=2), timedelta(hours=2))

    @pytest.mark.parametrize(
        ("entry", "place", "message"),
        [
            ("Timeout", "", 'an entry of retry is an object, as {"errors": ["*"], "maxAttempts": 3}'),
            ({}, "", "an entry of retry needs 'errors'"),
            ({"errors": "Timeout"}, "/errors", '"Timeout" is a text, not a list: write ["Timeout"]'),
            ({"errors": []}, "/errors", "it needs 1 item at least, and has 0"),
            ({"errors": [5]}, "/errors/0", '5 is a number, not a text: write "5"'),
            ({"errors": ["*"], "maxAttempts": 0}, "/maxAttempts", "0 is too small: 1 is the least"),
            (
                {"errors": ["*"], "maxAttempts": 101},
                "/maxAttempts",
                "101 is too large: 100 is the most (retry_attempts): go back to the step by `catch`",
            ),
            ({"errors": ["*"], "maxAttempts": 1.5}, "/maxAttempts", "1.5 is a number, not a whole number"),
            (
                {"errors": ["*"], "intervalSeconds": 0},
                "/intervalSeconds",
                "0 is too small: it has to be above 0",
            ),
            ({"errors": ["*"], "backoffRate": 0.5}, "/backoffRate", "0.5 is too small: 1 is the least"),
            (
                {"errors": ["*"], "maxDelaySeconds": 0},
                "/maxDelaySeconds",
                "0 is too small: it has to be above 0",
            ),
            ({"errors": ["*"], "jitter": True}, "/jitter", 'true is none of "full", "none"'),
            (
                {"errors": ["*"], "maxAttemps": 5},
                "/maxAttemps",
                (
                    "an entry of retry has no 'maxAttemps' (did you mean 'maxAttempts'?); it takes errors, "
                    "maxAttempts, intervalSeconds, backoffRate, maxDelaySeconds, jitter"
                ),
            ),
        ],
    )
    def test_an_entry_that_does_not_fit_is_told(self, entry: Json, place: str, message: str) -> None:
        assert problems(two(retry=[{"errors": ["Poison"]}, entry])) == [(f"/steps/0/retry/1{place}", message)]
        assert problems(two() | {"retry": [entry]}) == [(f"/retry/0{place}", message)]

    @pytest.mark.parametrize("name", ["", "two words", "**", "*.http", "http*", "h*p", ".*.*", "a\n", "x" * 129])
    def test_what_cannot_be_the_name_of_an_error_or_a_family_is_refused(self, name: str) -> None:
        assert [place for place, _ in problems(two(retry=[{"errors": ["Timeout", name]}]))] == [
            "/steps/0/retry/0/errors/1"
        ]

    @pytest.mark.parametrize("retry", [{"errors": ["*"]}, "*", 3, None, [{"errors": ["*"]}] * 101])
    def test_it_is_a_list(self, retry: Json) -> None:
        assert [place for place, _ in problems(two(retry=retry))] == ["/steps/0/retry"]
        assert [place for place, _ in problems(two() | {"retry": retry})] == ["/retry"]


class TestDefaultRetry:
    STEPS: Sequence[Json] = (
        {"id": "plain", "type": "echo", "message": 1},
        {"id": "own", "type": "echo", "message": 1, "retry": [{"errors": ["Timeout"]}]},
        {"id": "none", "type": "echo", "message": 1, "retry": []},
        {"id": "child", "type": "workflow", "definition": "d"},
        {"id": "fork", "type": "parallel", "branches": [{"id": "b", "steps": [{"id": "c", "type": "transform"}]}]},
        {"id": "each", "type": "map", "items": [], "steps": [{"id": "c", "type": "transform"}]},
        {"id": "choose", "type": "choice", "choices": [{"when": "input", "next": "well"}], "default": "badly"},
        {"id": "well", "type": "succeed"},
        {"id": "badly", "type": "fail"},
    )

    def test_it_is_that_of_plain_steps_without_their_own(self) -> None:
        document: Json = {"id": "x", "retry": [{"errors": ["*"], "maxAttempts": 9}], "steps": list(self.STEPS)}
        attempts: Mapping[str, list[int]] = {
            path: [policy.max_attempts for policy in step.retry]
            for path, step in parse(document, STEP_TYPES).steps.items()
        }
        assert attempts == {
            "plain": [9],
            "own": [3],
            "none": [],
            "child": [9],
            "fork": [],
            "fork/b/c": [9],
            "each": [],
            "each/c": [9],
            "choose": [],
            "well": [],
            "badly": [],
        }


class TestCatch:
    def test_it_leads_to_a_step_and_may_leave_the_error_in_the_stash(self) -> None:
        catch: Json = [
            {"errors": ["http.*", "Timeout"], "next": "handler", "stash": "why"},
            {"errors": ["*"], "next": "a"},
        ]
        assert step(catch=catch).catch == [
            Catch(["http.*", "Timeout"], "handler", "why"),
            Catch(["*"], "a"),
        ]
        assert not step().catch

    @pytest.mark.parametrize(
        ("entry", "place", "message"),
        [
            (5, "", 'an entry of catch is an object, as {"errors": ["*"], "next": "mend"}'),
            ({"next": "handler"}, "", "an entry of catch needs 'errors'"),
            ({"errors": ["*"]}, "", "an entry of catch needs 'next'"),
            ({"errors": ["*"], "next": 5}, "/next", '5 is a number, not a text: write "5"'),
            ({"errors": ["*"], "next": "hander"}, "/next", "there is no step 'hander' (did you mean 'handler'?)"),
            ({"errors": ["*"], "next": "handler", "stash": {"a": 1}}, "/stash", "it is an object, not a text"),
            (
                {"errors": ["*"], "goto": "a", "next": "handler"},
                "/goto",
                "an entry of catch has no 'goto' (write next: the id of a step); it takes errors, stash, next",
            ),
        ],
    )
    def test_an_entry_that_does_not_fit_is_told(self, entry: Json, place: str, message: str) -> None:
        assert problems(two(catch=[entry])) == [(f"/steps/0/catch/0{place}", message)]

    def test_it_is_a_way_to_a_step_that_nothing_else_leads_to(self) -> None:
        catch: Json = [{"errors": ["*"], "next": "handler"}]
        assert parse(two(end=True, catch=catch), STEP_TYPES).steps["a"].next is None
        assert problems(two(end=True)) == [("/steps/1", "step 'handler' cannot be reached from the first step")]

    def test_it_is_a_way_out_of_a_loop(self) -> None:
        catch: Json = [{"errors": ["*"], "next": "handler"}]
        assert parse(two(next="a", catch=catch), STEP_TYPES).steps["a"].next == "a"
