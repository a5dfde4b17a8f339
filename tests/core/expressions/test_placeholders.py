from datetime import UTC, datetime

import pytest

from chalicelib.core.expressions.template import (
    Placeholder,
    Scope,
    compile_template,
    filling,
    render,
)
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json


class TestPlaceholders:
    """Secrets and tokens: in a call they are put in at its time, and nowhere else may they stand."""

    def filling(self, source: Json) -> dict[str, list[str | Placeholder]]:
        return filling(
            compile_template(source, call=True),
            Scope({"input": {"name": "Ada", "n": 3}}, datetime(2026, 1, 31, 9, tzinfo=UTC), "e/t/1"),
        )

    def test_a_text_of_a_call_is_rendered_in_pieces_around_them(self) -> None:
        source: Json = {
            "headers": [{"a/b": "Bearer ${ secret('keys/pay') }, ${input.name}"}, "plain"],
            "body": {"token": "${step.token}", "n": "${input.n}", "text": "${input.name}!"},
        }
        assert self.filling(source) == {
            "/headers/0/a~1b": ["Bearer ", Placeholder("keys/pay"), ", ", "Ada"],
            "/body/token": [Placeholder()],
        }

    def test_until_then_something_else_stands_there(self) -> None:
        template = compile_template({"a": "Bearer ${secret('pay')}", "b": "${step.token}"}, call=True)
        assert render(template, Scope({}, datetime(2026, 1, 31, tzinfo=UTC), "")) == {"a": "Bearer ***", "b": "***"}
        assert template.placeholders == {Placeholder("pay"), Placeholder()}

    def test_what_looks_like_one_in_a_value_is_none(self) -> None:
        values: dict[str, Json] = {"input": "${secret('pay')}"}
        template = compile_template("${input} ${secret('x')}", call=True)
        found = filling(template, Scope(values, datetime(2026, 1, 31, tzinfo=UTC), ""))
        assert found == {"": ["${secret('pay')}", " ", Placeholder("x")]}

    def test_without_any_there_is_nothing_to_put_in(self) -> None:
        assert self.filling({"a": "${input.name}"}) == {}

    @pytest.mark.parametrize("source", ["${secret('pay')}", "a ${step.token}"])
    def test_elsewhere_they_are_refused(self, source: str) -> None:
        with pytest.raises(InvalidDefinitionError, match="known to calls only"):
            compile_template(source)

    @pytest.mark.parametrize(
        "source",
        ["${base64_encode(secret('pay'))}", "${secret(input.name)}", "${ {a: secret('pay')} }", "${secret('a', 'b')}"],
    )
    def test_a_secret_is_no_value(self, source: str) -> None:
        with pytest.raises(InvalidDefinitionError, match="a secret is no value"):
            compile_template(source, call=True)

    @pytest.mark.parametrize(
        "source", ["${hash(step.token)}", "${ {a: step.token} }", "${step.token.x}", "${step | token}"]
    )
    def test_a_token_is_no_value(self, source: str) -> None:
        with pytest.raises(InvalidDefinitionError, match="the token is no value"):
            compile_template(source, call=True)

    @pytest.mark.parametrize("name", ["", "../pay", "a/../b", "a//b", "/a", "a/", ".", "ä", "a b", "x" * 129])
    def test_a_name_cannot_lead_out_of_the_tenants_path(self, name: str) -> None:
        with pytest.raises(InvalidDefinitionError, match="names no secret"):
            compile_template(f"${{secret('{name}')}}", call=True)
