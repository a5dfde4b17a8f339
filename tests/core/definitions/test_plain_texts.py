"""Texts that are hardly meant as they stand."""

import pytest

from tests.core.definitions.test_lint import echo, warnings


class TestBlocks:
    def test_an_expression_alone_in_a_block_scalar_is_a_text(self) -> None:
        ((place, said),) = warnings(echo("a", "${input.list}\n"))
        assert (place, "write |- in place of |" in said) == ("/steps/0/message", True)

    def test_text_in_a_block_scalar_is_meant_so(self) -> None:
        assert warnings(echo("a", "Dear ${input.name},\nhello\n")) == []

    def test_braces_of_other_languages_are_text(self) -> None:
        ((_, said),) = warnings(echo("a", {"x": ["Hello {{ input.name }}"]}))
        assert said == "{{ }} is plain text: an expression is written ${ }"

    @pytest.mark.parametrize("key", ["${input.name}", "a-${ input.name }", "{{ input.name }}"])
    def test_in_the_names_of_an_object_no_expression_is_read(self, key: str) -> None:
        ((place, said),) = warnings(echo("a", {"x": [{key: 1}]}))
        assert (place, "names of an object are taken as they stand" in said) == (f"/steps/0/message/x/0/{key}", True)

    def test_an_expression_in_single_braces_of_yaml_is_an_object(self) -> None:
        ((place, said),) = warnings(echo("a", {"input.name": None}))
        assert place == "/steps/0/message/input.name"
        assert said == "{ } makes an object of this: write ${ input.name } for what an expression yields"

    def test_other_names_of_an_object_are_not_odd(self) -> None:
        assert warnings(echo("a", {"input.name": 1, "output.format": "csv", "note": None, "$": 1})) == []

    def test_a_path_of_other_languages_is_text(self) -> None:
        ((_, said),) = warnings(echo("a", {"x": ["$.input.lines[0].name"]}))
        assert said == "$. is plain text: an expression is written ${ input.lines[0].name }"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('{{ $json["id"] }}', "{{ }} is plain text: an expression is written ${ }"),
            ("={{ $json.id }}", "{{ }} is plain text: an expression is written ${ }"),
            ("{% $states.input.name %}", "{% %} is plain text: an expression is written ${ }"),
            ("$.name", "$. is plain text: an expression is written ${ input.name }"),
            ("$$.Execution.Id", "$$. is plain text: an expression is written ${ execution.id }"),
            ("$json.total", "$ before a name is plain text: an expression is written ${ input.name }"),
            (
                "States.Format('a{}', $.b)",
                "a call of States is plain text: an expression is written ${ format('Hello {}'",
            ),
            ("input.lines[0].name", "this is plain text: an expression is written ${ input.lines[0].name }"),
            ("stash.total", "this is plain text: an expression is written ${ stash.total }"),
            ("#{ input.total }", "#{ } is plain text: an expression is written ${ }"),
            ("of #{total}", "#{ } is plain text"),
            ("%{input.total}", "%{ } is plain text"),
            ("$( input.total )", "$( ) is plain text"),
            ("$(params.total) EUR", "$( ) is plain text"),
            ("<% $.total %>", "<% %> is plain text"),
            ("<%= ctx().total %>", "<% %> is plain text"),
            ("a {% if input.total %}b{% endif %}", "{% %} is plain text"),
            ("{{ .Values.total }}", "{{ }} is plain text"),
            ("=input.total", "= before an expression is plain text"),
            ("= $.total + 1", "= before an expression is plain text"),
            ("@{triggerBody()}", "@{ } is plain text"),
            ("@concat('a', 'b')", "@ before an expression is plain text"),
            ("{input.total} of {input.all}", "{ } is plain text"),
            ("{$.total}", "{ } is plain text"),
            ("[[ input.total ]]", "[[ ]] is plain text"),
            ("%input.total%", "% % is plain text"),
            ("$steps.a.outputs", "$ before a name is plain text"),
            ("${input.a} and #{input.b}", "#{ } is plain text"),
        ],
    )
    def test_expressions_of_other_languages_are_text(self, text: str, said: str) -> None:
        ((place, remark),) = warnings(echo("a", {"x": text}))
        assert (place, remark.startswith(said)) == ("/steps/0/message/x", True)

    def test_the_stash_and_the_search_attributes_of_a_definition_are_looked_at_too(self) -> None:
        found = warnings(echo("a"), stash={"a": "{{ input.x }}"}, search={"b": "input.y"})
        assert [place for place, _ in found] == ["/stash/a", "/search/b"]

    @pytest.mark.parametrize(
        "text",
        [
            "$.99 a pound",
            "$.in puts",
            "input.",
            "Handle {{ 5 }}",
            "States are $5",
            "$.input is plain text",
            "costs $.input",
            "${ {a: {b: input.c}} }",
            "${join('', ['{input.a} #{input.b}', '%{input.c}'])}",
            "%{http_code} $(date) =SUM(A1:A2)",
            "= 5",
            "$order.total",
            "5$ (net), {sure}, #1, [[1,2]], <b>, @ada (x)",
            "$${input.a}",
        ],
    )
    def test_other_text_that_begins_so_is_meant_so(self, text: str) -> None:
        assert warnings(echo("a", text)) == []
