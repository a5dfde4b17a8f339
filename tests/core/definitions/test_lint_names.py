"""What an expression reads that is not there, or is another thing than its author means."""

from typing import ClassVar

import pytest

from chalicelib.core.definitions.model import matches
from chalicelib.core.values.json import Json
from tests.core.definitions.test_lint import choice, each, echo, warnings


class TestShadowed:
    LIST = "input.list[?url == input.want]"

    @pytest.mark.parametrize(
        ("expression", "said"),
        [
            (LIST, "'input' is a member of what stands there: write $.input for that of the step, or @.input"),
            ("map(&join('', [a, stash.b]), input)", "'stash' is a member"),
            ("input.list[].{u: url, w: input.want}", "'input' is a member"),
            ("input.a | output.b", "'output' is a member"),
        ],
    )
    def test_a_name_of_the_scope_that_is_a_member_there_is_said(self, expression: str, said: str) -> None:
        found = warnings(echo("a", f"${{{expression}}}"))
        assert any(message.startswith(said) for _, message in found), found

    @pytest.mark.parametrize(
        "expression",
        [
            "input.list[?url == $.input.want]",
            "input.list[?@.input == 'x']",
            "input.list[*].error",
            "input.list[*].output.step",
            "input.list[?item == 'x']",
            "input.output.input",
            "input.list[0].stash",
            "sort_by(input, &error)",
        ],
    )
    def test_what_is_meant_so_is_not(self, expression: str) -> None:
        assert warnings(echo("a", f"${{{expression}}}")) == []

    def test_an_item_of_a_map_is_said_inside_of_it(self) -> None:
        found = warnings(each("m", echo("a", "${input.list[?id == item.id]}")))
        assert [message for _, message in found if "$.item" in message]


class TestStepsAsNames:
    @pytest.mark.parametrize("name", ["fetch", "get"])
    def test_the_result_of_a_step_is_not_read_by_its_id(self, name: str) -> None:
        said = f"the result of step {name!r} is output in the step after it, and stash.{name} once it has stash: {name}"
        found = warnings(echo(name), echo("b", f"${{{name}.body}}"), each("m", echo("c", f"${{{name}}}")))
        assert found == [
            ("/steps/1/message", f"there is nothing called {name!r}: {said}"),
            ("/steps/2/steps/0/message", f"there is nothing called {name!r}: {said}"),
        ]


class TestFunctionsAsNames:
    def test_a_function_is_not_called_by_its_name_alone(self) -> None:
        found = warnings(echo("a", "${length}"))
        assert found == [
            ("/steps/0/message", "there is nothing called 'length': a function is called, as length(value)")
        ]


class TestPaths:
    ORDER: ClassVar[dict[str, Json]] = {
        "properties": {
            "total": {"type": "number"},
            "lines": {"items": {"properties": {"price": {}}, "additionalProperties": False}},
            "any": {},
        },
        "additionalProperties": False,
    }

    @pytest.mark.parametrize(
        ("expression", "said"),
        [
            ("input.totl", "there is never a 'totl' in input (did you mean 'total'?)"),
            ("input.lines[0].prize", "there is never a 'prize' in input.lines[] (did you mean 'price'?)"),
            ("input.lines[*].prize", "there is never a 'prize' in input.lines[] (did you mean 'price'?)"),
            ("input.lines[?prize > `1`]", "there is never a 'prize' in input.lines[] (did you mean 'price'?)"),
        ],
    )
    def test_what_the_input_never_has_is_said(self, expression: str, said: str) -> None:
        found = warnings(echo("a", f"${{{expression}}}"), inputSchema=self.ORDER)
        assert found == [("/steps/0/message", said)]

    @pytest.mark.parametrize(
        "expression", ["input.total", "input.lines[0].price", "input.any.thing", "input.lines[].price"]
    )
    def test_what_it_may_have_is_not(self, expression: str) -> None:
        assert warnings(echo("a", f"${{{expression}}}"), inputSchema=self.ORDER) == []

    def test_of_an_open_schema_only_what_is_much_like_a_name_is_said(self) -> None:
        schema: Json = {"properties": {"total": {}}}
        assert warnings(echo("a", "${input.other}"), inputSchema=schema) == []
        ((_, said),) = warnings(echo("a", "${input.totl}"), inputSchema=schema)
        assert said == "no schema describes a 'totl' in input (did you mean 'total'?)"

    def test_the_answer_of_an_http_step_is_known(self) -> None:
        step: Json = {"id": "a", "type": "http", "url": "https://x.test", "output": "${output.boddy}"}
        assert ("/steps/0/output", "there is never a 'boddy' in output (did you mean 'body'?)") in warnings(step)

    def test_that_of_a_call_that_waits_for_an_answer_is_not(self) -> None:
        step: Json = {"id": "a", "type": "http", "url": "https://x.test", "callback": True, "output": "${output.boddy}"}
        assert warnings(step) == []

    def test_so_is_that_of_a_task_with_a_schema(self) -> None:
        schema: Json = {"properties": {"approved": {}}, "additionalProperties": False}
        step: Json = {"id": "a", "type": "task", "title": "t", "inputSchema": schema, "stash": {"x": "${output.ok}"}}
        assert [place for place, _ in warnings(step)] == ["/steps/0/stash/x"]


class TestOrder:
    def test_what_only_a_later_step_stashes_is_said(self) -> None:
        assert [place for place, _ in warnings(echo("a", "${stash.x}"), echo("b", stash="x"))] == ["/steps/0/message"]

    def test_in_a_loop_it_may_have_run_before(self) -> None:
        steps = echo("a", "${stash.x}"), echo("b", stash="x"), choice("c", ("input", "a"), default="d"), echo("d")
        assert warnings(*steps) == []


class TestAccess:
    OWNED: ClassVar[dict[str, Json]] = {"properties": {"owner": {"type": "string"}}, "additionalProperties": False}

    @pytest.mark.parametrize(
        ("condition", "said"),
        [
            ("subject.id == input.ownr", "there is never a 'ownr' in input (did you mean 'owner'?)"),
            ("contains(subject.grups, 'a')", "there is never a 'grups' in subject (did you mean 'groups'?)"),
            (
                "subject.groups == 'a'",
                "subject.groups is a list and 'a' is a text: they are never equal: write contains(",
            ),
            ("subject.groups.a", "subject.groups is a list: write"),
            ("definition.id.name", "definition.id is a text: there is no 'name' in it"),
            (
                "execution.startdBy == subject.id",
                "there is never a 'startdBy' in execution (did you mean 'startedBy'?)",
            ),
            ("['a'][?@ == subject.id]", "'subject' is a member of what stands there: write $.subject"),
        ],
    )
    def test_what_a_condition_of_access_never_sees_is_said(self, condition: str, said: str) -> None:
        ((place, remark),) = warnings(echo("a"), inputSchema=self.OWNED, access={"cancel": {"when": condition}})
        assert (place, remark[: len(said)]) == ("/access/cancel/when", said)

    def test_what_it_sees_is_not_said(self) -> None:
        when = "subject.id == input.owner && contains(subject.roles, definition.id) && !(execution.parentId)"
        conditions: Json = {"cancel": {"when": when}, "read": {"roles": ["a"]}}
        assert warnings(echo("a"), inputSchema=self.OWNED, access=conditions) == []

    def test_no_step_sees_who_asks(self) -> None:
        ((_, said),) = warnings(echo("a", "${subject.id}"))
        assert said.startswith("there is nothing called 'subject'")


class TestWhoAnswered:
    TASK: ClassVar[dict[str, Json]] = {"id": "a", "type": "task", "title": "Approve"}

    def test_is_known_to_the_output_and_the_stash_of_a_task(self) -> None:
        stashing: dict[str, Json] = {
            **self.TASK,
            "stash": {"by": "${step.completedBy}"},
            "output": "${step.completedBy}",
        }
        assert warnings(stashing) == []

    @pytest.mark.parametrize(
        ("step", "place"),
        [
            ({**TASK, "not": ["${step.completedBy}"]}, "/steps/0/not/0"),
            (echo("a", "${step.completedBy}"), "/steps/0/message"),
            (echo("a", stash={"by": "${step.completedBy}"}), "/steps/0/stash/by"),
        ],
    )
    def test_is_known_nowhere_else(self, step: dict[str, Json], place: str) -> None:
        said = "only output and stash of a task or an event know step.completedBy: leave it in the stash there"
        assert warnings(step) == [(place, said)]


class TestTexts:
    def test_a_template_that_is_always_a_text_is_said_where_none_is_taken(self) -> None:
        ((place, said),) = warnings({"id": "a", "type": "wait", "seconds": "${input.s}s"})
        assert (place, said.startswith("this is always a text")) == ("/steps/0/seconds", True)
        assert warnings({"id": "a", "type": "wait", "seconds": "${input.s}"}) == []


class TestTimes:
    @pytest.mark.parametrize(
        ("step", "place"),
        [
            ({"type": "wait", "seconds": 60}, "seconds"),
            ({"type": "callback", "heartbeatSeconds": 60}, "heartbeatSeconds"),
            ({"type": "task", "title": "Approve", "due": {"seconds": 60}}, "due/seconds"),
        ],
    )
    def test_what_comes_after_the_time_of_the_step_is_never_reached(self, step: dict[str, Json], place: str) -> None:
        said = "this is never reached: timeoutSeconds ends the step after 30 seconds"
        assert warnings({"id": "a", **step, "timeoutSeconds": 30}) == [(f"/steps/0/{place}", said)]
        assert warnings({"id": "a", **step, "timeoutSeconds": 60}) == []
        assert warnings({"id": "a", **step, "timeoutSeconds": "${input.t}"}) == []


class TestErrors:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("htp.*", "no step of sedo fails with errors of the family 'htp' (did you mean 'http'?)"),
            ("lamda.Timeout", "no step of sedo fails with errors of the family 'lamda' (did you mean 'lambda'?)"),
            ("States.ALL", "no step of sedo fails with errors of Step Functions: '*' stands for every one"),
            ("States.Timeout", "no step of sedo fails with errors of Step Functions: write Timeout"),
            ("http.503", "no step of sedo fails with 'http.503': write http.Status.503"),
            ("http.status.5xx", "no step of sedo fails with 'http.status.5xx': write http.Status.5xx"),
            ("HTTP.*", "no step of sedo fails with errors of the family 'HTTP' (did you mean 'http'?)"),
            ("http.Timeot", "no error of the family 'http' is called 'Timeot' (did you mean 'Timeout'?)"),
            ("http.Zzz", "no error of the family 'http' is called 'Zzz'"),
            ("task.Reject", "no error of the family 'task' is called 'Reject' (did you mean 'Rejected'?)"),
            ("timeout", "no step of sedo fails with 'timeout' (did you mean 'Timeout'?)"),
            ("http.Status.99", "there is no status '99': write http.Status.503 or http.Status.5xx"),
            ("http.Status.5XX", "there is no status '5XX': write http.Status.503 or http.Status.5xx"),
            ("Zzz", "a step of type http never fails with 'Zzz', only with http.* and those of every step"),
            ("aws.Zzz", "a step of type http never fails with 'aws.Zzz', only with http.* and those of every step"),
            ("Exception", "a step of type http never fails with 'Exception': '*' stands for every one"),
        ],
    )
    def test_a_name_that_nothing_fails_with_is_said(self, name: str, said: str) -> None:
        retry: Json = [{"errors": [name]}]
        step: Json = {"id": "a", "type": "http", "url": "https://x.test", "retry": retry}
        assert warnings(step) == [("/steps/0/retry/0/errors/0", said)]

    @pytest.mark.parametrize(
        "name",
        [
            "http.Status.5xx",
            "http.Status.*",
            "http.*",
            "http.Tls",
            "Interrupted",
            "SecretNotFound",
            "Unavailable",
            "Timeout",
            "*",
        ],
    )
    def test_a_name_that_the_step_can_fail_with_is_no_warning(self, name: str) -> None:
        retry: Json = [{"errors": [name]}]
        step: Json = {"id": "a", "type": "http", "url": "https://x.test", "timeoutSeconds": 5, "retry": retry}
        assert warnings(step) == []

    @pytest.mark.parametrize("name", ["task.Zzz", "aws.Zzz", "order.Zzz", "Zzz"])
    @pytest.mark.parametrize(
        "step",
        [
            {"type": "workflow", "definition": "d"},
            {"type": "http", "url": "https://x.test", "body": "${step.token}", "method": "POST", "callback": True},
        ],
    )
    def test_a_child_and_whoever_has_the_token_fail_with_anything(self, step: dict[str, Json], name: str) -> None:
        assert warnings({"id": "a", **step, "retry": [{"errors": [name]}]}) == []

    def test_a_step_that_fails_again_with_what_was_caught_fails_with_anything(self) -> None:
        first = echo("a", catch=[{"errors": ["*"], "next": "b"}], end=True)
        again: Json = {"id": "b", "type": "fail", "failure": "${error}", "catch": [{"errors": ["x.Y"], "next": "c"}]}
        assert warnings(first, again, echo("c")) == []

    def test_a_class_of_statuses_is_meant_by_its_name(self) -> None:
        assert matches("http.Status.503", ["http.Status.5xx"])
        assert not matches("http.Status.404", ["http.Status.5xx"])
        assert not matches("http.Timeout", ["http.Status.5xx"])


def test_a_default_that_no_start_would_pass_with_is_said() -> None:
    schema: Json = {"properties": {"n": {"type": "integer", "default": "five"}}}
    found = warnings(echo("a", 1), inputSchema=schema)
    assert found == [("/inputSchema", 'the default of /n does not pass: "five" is a text, not a whole number')]


def test_what_the_scope_always_has_is_known() -> None:
    found = warnings(echo("a", ["${execution.startdBy}", "${step.atempt}", "${execution.startedBy}", "${step.id}"]))
    assert found == [
        ("/steps/0/message/0", "there is never a 'startdBy' in execution (did you mean 'startedBy'?)"),
        ("/steps/0/message/1", "there is never a 'atempt' in step (did you mean 'attempt'?)"),
    ]


class TestKinds:
    SHOP: ClassVar[Json] = {
        "properties": {
            "rows": {
                "type": "array",
                "items": {"properties": {"price": {"type": "number"}, "tags": {"type": "array"}}},
            },
            "nested": {"type": "array", "items": {"type": "array", "items": {"properties": {"price": {}}}}},
            "customer": {"type": ["object", "null"], "properties": {"name": {"type": "string"}}},
            "code": {"type": ["string", "integer"]},
            "any": {"properties": {"price": {}}},
        },
    }

    @pytest.mark.parametrize(
        ("expression", "said"),
        [
            (
                "input.rows.price",
                "input.rows is a list: write input.rows[0].price for the first item, input.rows[*].price for all",
            ),
            ("input.rows.length", "input.rows is a list: write length(input.rows)"),
            ("input.rows[*].tags | [0].x", "input.rows[].tags is a list"),
            (
                "input.customer[0]",
                "input.customer is an object and no list: its members are read by their names, as input.customer.name",
            ),
            ("input.customer[].name", "input.customer is an object and no list"),
            ("map(&name, input.customer)", "input.customer is an object and no list"),
            ("input.customer.name.first", "input.customer.name is a text: there is no 'first' in it"),
            ("input.customer.name[0].x", "input.customer.name is a text: nothing is in it"),
            ("input.code.x", "input.code is a whole number or a text: there is no 'x' in it"),
            ("input.rows[*].price | price", "input.rows[].price is a list"),
            ("map(&prise, input.rows)", "no schema describes a 'prise' in input.rows[] (did you mean 'price'?)"),
            ("sort_by(input.rows, &prise)", "no schema describes a 'prise' in input.rows[]"),
            ("input.rows[].prise", "no schema describes a 'prise' in input.rows[]"),
            ("input.rows[1:].prise", "no schema describes a 'prise' in input.rows[]"),
            ("input.nested[].prise", "no schema describes a 'prise' in input.nested[]"),
            ("input.rows.*.price", "input.rows is a list and no object: write input.rows[*] for its items"),
            ("input.code.*.x", "input.code is a whole number or a text: nothing is in it"),
            ("input.customer.*.x", None),
            ("input.any[0].x", None),
            ("input.rows[*].price | [0]", None),
            ("input.nested[].price", None),
            ("input.nested[0][0].price", None),
            ("input.rows[0].tags[0].x", None),
        ],
    )
    def test_a_path_that_does_not_fit_the_kind_of_what_is_there_is_said(
        self, expression: str, said: str | None
    ) -> None:
        found = [said for _, said in warnings(echo("a", f"${{{expression}}}"), inputSchema=self.SHOP)]
        assert (len(found), said is None or found[0].startswith(said)) == (0 if said is None else 1, True), found

    def test_what_only_one_of_two_steps_leaves_as_a_list_may_have_names(self) -> None:
        steps = echo("a", ["x"], stash="s"), echo("b", {"y": 1}, stash="s"), echo("z", "${[stash.s.y, stash.s.w]}")
        assert [said for _, said in warnings(*steps)] == ["there is never a 'w' in stash.s: it has y"]

    @pytest.mark.parametrize(("others", "is_said"), [(20, True), (21, False)])
    def test_of_a_value_that_may_come_from_more_than_20_steps_nothing_is_known(
        self, others: int, *, is_said: bool
    ) -> None:
        ways = [("input", f"s{number}") for number in range(others)]
        leaving = [echo(f"s{number}", {"a": 1}, stash="s", next="z") for number in range(others)]
        routed = [choice("c", *ways, default="s0"), *leaving]
        assert [said for _, said in warnings(*routed, echo("z", "${output.b}"))] == (
            ["there is never a 'b' in output: it has a"] if is_said else []
        )
        assert [said for _, said in warnings(*routed, echo("z", "${stash.s.b}"))] == (
            ["there is never a 'b' in stash.s: it has a"] if is_said else []
        )


HIDDEN = "a secret is put into a call by ${secret('name')}, alone or in a text"
RESULT = "the result of the step before is output, and what a step leaves under a name is stash.name"


class TestMeantOtherwise:
    @pytest.mark.parametrize(
        ("expression", "said"),
        [
            ("input.a == None", "'None' is a name here: the value is written `null`"),
            ("input[?paid == true]", "'true' is a name here: the value is written `true`"),
            ('input[?state == "paid"]', "\"paid\" in double quotes is a name: the text is written 'paid'"),
            ("$.total", "there is nothing called 'total' (did you mean 'input.total'?)"),
            ("inputs.a", "there is nothing called 'inputs': what the execution was started with is input"),
            ("steps.a.output", f"there is nothing called 'steps': {RESULT}"),
            ("secrets.KEY", f"there is nothing called 'secrets': {HIDDEN}"),
            ("Date.now()", "there is nothing called 'Date': the time is now()"),
            ("kept.x", "there is nothing called 'kept' (did you mean 'stash.kept'?)"),
            ("$.other", "there is nothing called 'other': a member of the input is read as input.other"),
        ],
    )
    def test_a_value_written_as_a_name_is_said_with_what_to_write(self, expression: str, said: str) -> None:
        steps = echo("a", stash="kept"), echo("b", f"${{{expression}}}")
        assert [said for _, said in warnings(*steps, inputSchema={"properties": {"total": {}}})] == [said]

    def test_where_the_input_has_no_such_member_it_is_not_offered(self) -> None:
        closed: Json = {"properties": {"total": {}}, "additionalProperties": False}
        found = warnings(echo("a", "${zz}"), inputSchema=closed)
        assert found == [("/steps/0/message", "there is nothing called 'zz'")]
