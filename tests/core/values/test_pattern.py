"""A regular expression that cannot be used is refused in words that say what to write."""

import pytest

from chalicelib.core.values.pattern import PatternError, compile_pattern


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(?=a)", "(?= looks ahead, which is not supported: match what stands there too"),
        ("(?!a)", "(?! looks ahead"),
        ("(?<=a)", "(?<= looks behind"),
        ("(?<!a)", "(?<! looks behind"),
        (r"(a)\1", r"\1 refers back to a group, which is not supported"),
        (r"(?P<a>b)\k<a>", r"\k refers back to a group"),
        ("(?P<a>b)(?P=a)", "(?P refers back to a group"),
        ("(?>a)", "write (?: in place of it"),
        ("(?#c)", "(?# begins no kind of group that there is"),
        (r"\Z", r"\Z stands for nothing"),
        ("\\", "a backslash is the last character"),
        ("(a", r"a ) is missing; write \( for a bracket"),
        ("a)", "a ( is missing"),
        ("[a", "a ] is missing"),
        ("[z-a]", "z-a is no range or class"),
        ("a{2000}", "{2000} repeats too often"),
        ("a**", "** repeats a repetition"),
        ("*a", r"nothing stands before *: write \* for one"),
        ("(?P<n", "write (?P<name>...)"),
    ],
)
def test_a_pattern_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(text)
    assert said in str(caught.value)
    assert "perl" not in str(caught.value)
