import pytest

from chalicelib.core.expressions.expression import read_expression
from chalicelib.core.expressions.reference import fixed_truth, references
from chalicelib.core.limits import LIMITS


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("stash.a", "stash stash.a"),
        ("stash.a.b", "stash stash.a stash.a.b"),
        ('"stash"."a"', "stash stash.a"),
        ("@.stash.a", "stash stash.a"),
        ("stash | a", "stash stash.a"),
        ("stash.[a, b.c]", "stash stash.a stash.b stash.b.c"),
        ("stash.{x: a, y: @.b}", "stash stash.a stash.b"),
        ("[stash.a, item]", "stash stash.a item"),
        ("{x: stash.a}", "stash stash.a"),
        ("stash.a[0].b", "stash stash.a stash.a.[].b"),
        ("stash.a[1:].b", "stash stash.a"),
        ("stash.a[].b", "stash stash.a"),
        ("stash.a[*].stash.b", "stash stash.a stash.a.[].stash stash.a.[].stash.b"),
        ("stash.a.*.stash", "stash stash.a"),
        ("stash.a[?stash.b == $.item].c", "stash stash.a stash.a.[].stash stash.a.[].stash.b item stash.a.[].c"),
        ("stash.* | a", "stash"),
        ("stash.a || stash.b && !(stash.c)", "stash stash.a stash.b stash.c"),
        ("(stash.a || input).b", "stash stash.a input"),
        ("stash.a < item", "stash stash.a item"),
        ("if(stash.a, item, index)", "stash stash.a item index"),
        ("map(&stash.b, stash.a)", "stash stash.a"),
        ("get(stash, 'a')", "stash"),
        ("keys(stash)", "stash"),
        ("@", ""),
        ("input.stash.a", "input input.stash input.stash.a"),
        ("'stash.a'", ""),
        ('`{"stash": 1}`', ""),
    ],
)
def test_an_expression_reads_what_its_text_names(text: str, found: str) -> None:
    assert [".".join(names) for names in references(read_expression(text))] == found.split()


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("`true`", True),
        ("`false`", False),
        ("`0`", True),
        ("''", False),
        ("`[]`", False),
        ("!`true`", False),
        ("!input", None),
        ("true", False),
        ("false", False),
        ("inptu", False),
        ("input", None),
        ("item", None),
        ("input.x", None),
        ("`false` || `true`", True),
        ("input || `true`", True),
        ("input || `false`", None),
        ("input && `false`", False),
        ("input && `true`", None),
        ("`true` && `true`", True),
        ("`false` || false", False),
        ("`1` == `1`", None),
        ("now()", None),
    ],
)
def test_some_conditions_have_a_truth_of_their_own(text: str, truth: bool | None) -> None:  # noqa: FBT001 - an example
    assert fixed_truth(read_expression(text)) is truth


def test_names_deeper_than_any_value_are_not_told() -> None:
    assert max(map(len, references(read_expression("input" + ".a" * 200)))) == LIMITS.value_depth
    assert references(read_expression("input" + "[0]" * 200 + ".a")) == [("input",)]
