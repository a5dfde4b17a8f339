import pytest

from chalicelib.core.expressions.expression import read_expression
from chalicelib.core.expressions.reference import fixed_truth, meant_as_values, references
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
        ("stash.a[0].b", "stash stash.a stash.a.[] stash.a.[].b"),
        ("stash.a[1:].b", "stash stash.a stash.a.[] stash.a.[].b"),
        ("stash.a[].b", "stash stash.a stash.a.[[]].[] stash.a.[[]].[].b"),
        ("stash.a[*].stash.b", "stash stash.a stash.a.[] stash.a.[].stash stash.a.[].stash.b"),
        ("stash.a[*].b | [0].c", "stash stash.a stash.a.[] stash.a.[].b stash.a.[].b.c"),
        ("stash.a[*].b | c", "stash stash.a stash.a.[] stash.a.[].b stash.a.[].b.[*].c"),
        ("stash.a.*.stash", "stash stash.a stash.a.[.] stash.a.[.].stash"),
        (
            "stash.a[?stash.b == $.item].c",
            "stash stash.a stash.a.[] stash.a.[].stash stash.a.[].stash.b item stash.a.[].c",
        ),
        ("stash.* | a", "stash"),
        ("stash.a || stash.b && !(stash.c)", "stash stash.a stash.b stash.c"),
        ("(stash.a || input).b", "stash stash.a input"),
        ("stash.a < item", "stash stash.a item"),
        ("if(stash.a, item, index)", "stash stash.a item index"),
        ("map(&b, stash.a)", "stash stash.a stash.a.[] stash.a.[].b"),
        ("map(&b, stash.a)[0].c", "stash stash.a stash.a.[] stash.a.[].b stash.a.[].b.c"),
        ("sort_by(stash.a, &b)[0].c", "stash stash.a stash.a.[] stash.a.[].b stash.a.[].c"),
        ("max_by(stash.a, &b).c", "stash stash.a stash.a.[] stash.a.[].b stash.a.[].c"),
        ("map(stash.a, stash.b)", "stash stash.a stash.b stash.a.[]"),
        ("now().a", ""),
        ("$[0].a", ""),
        ("get(stash, 'a').b", "stash stash.a stash.a.b"),
        ("get(stash, item)", "stash item"),
        ("at(stash.a, `0`, item).b", "stash stash.a item stash.a.[]"),
        ("pick(stash.a, ['b', 'c'])", "stash stash.a stash.a.b stash.a.c"),
        ("pick(stash.a, [item, 'c'])", "stash stash.a item"),
        ('pick(stash.a, `["b"]`)', "stash stash.a stash.a.b"),
        ("pick(stash.a, item)", "stash stash.a item"),
        ("(stash.a && item).b", "stash stash.a item item.b"),
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
    assert references(read_expression("input" + "[0]" * 200 + ".a"))[-1] == (
        "input",
        *["[]"] * (LIMITS.value_depth - 1),
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("input.a == True", {"True": "`true`"}),
        ("input[?a == false && b != None]", {"false": "`false`", "None": "`null`"}),
        ('"paid"', {"paid": "'paid'"}),
        ('input[?a == "paid"]', {"paid": "'paid'"}),
        ('input[?"in work" == a]', {"in work": "'in work'"}),
        ('join(", ", input)', {", ": "', '"}),
        ('contains("it\'s", input)', {"it's": "'it\\'s'"}),
        ('input[?"a-b" == "c-d"]', {}),
        ('input.["paid", true]', {"true": "`true`"}),
        ('input."true"."paid"', {}),
        ('"input"', {}),
    ],
)
def test_some_names_are_hardly_meant_as_names(text: str, meant: dict[str, str]) -> None:
    assert meant_as_values(read_expression(text)) == meant
