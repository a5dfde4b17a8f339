import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.parsing import read_yaml, write_yaml
from chalicelib.api.yaml_mistakes import yaml_advice
from chalicelib.core.values.errors import MalformedError, SedoError, TooLargeError
from chalicelib.core.values.json import Json, Problem
from chalicelib.core.values.json_text import MAX_BODY_DEPTH, MAX_DEPTH, read_json

LIMIT = 100_000


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
plain_values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    plain_values, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
looks_like_something = st.text("-?:,[]{}#&*!|>'\"%@` \t\n\r01.e+~<=\\/ ntx_\x00\x85\ufeff\u2028\U0001f600", max_size=30)


def problem_of_json(text: bytes) -> Problem:
    with pytest.raises(MalformedError) as raised:
        read_json(text, LIMIT)
    (problem,) = raised.value.problems
    return problem


def problem_of_yaml(text: str | bytes) -> Problem:
    with pytest.raises(MalformedError) as raised:
        read_yaml(text if isinstance(text, bytes) else text.encode(), LIMIT)
    (problem,) = raised.value.problems
    return problem


def from_yaml(text: str) -> Json:
    return read_yaml(text.encode(), LIMIT)[0]


def exact(value: Json) -> str:
    """Tell 1 from 1.0 and from true, 0.0 from -0.0, and orders of keys apart."""
    return json.dumps(value)


class TestReadJson:
    @given(values)
    def test_values_come_back_as_they_went_in(self, value: Json) -> None:
        assert exact(read_json(json.dumps(value).encode(), LIMIT)) == exact(value)
        assert exact(read_json(json.dumps(value, ensure_ascii=False).encode(), LIMIT)) == exact(value)

    @given(st.binary(max_size=40) | looks_like_something.map(str.encode))
    def test_anything_is_a_value_or_one_of_our_errors(self, text: bytes) -> None:
        with contextlib.suppress(SedoError):
            json.dumps(read_json(text, LIMIT), allow_nan=False).encode()

    def test_big_integers_keep_every_digit(self) -> None:
        assert read_json(b"9" * 4_000, LIMIT) == int("9" * 4_000)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (b"", "this is not JSON: a value is missing here"),
            (b"{'a': 1}", "a name in double quotes is missing here"),
            (b"[1 2]", "a comma is missing here"),
            (b'{"a" 1}', "a colon is missing here"),
            (b"{} {}", "there is more behind its end"),
            (b'["a', "the text that begins here does not end"),
            (b'["\n"]', "a control character of a text must be escaped"),
            (b'["\\x"]', "there is no such escape"),
            (b'"\xff"', "this is not UTF-8: byte 2"),
            (b'{"a": 1, "b": {"c": 1, "c": 1}}', "the key 'c' is there twice"),
            (b"NaN", "there is no number `NaN`"),
            (b"[-Infinity]", "there is no number `-Infinity`"),
            (b"[1e999]", "the number 1e999 is too large"),
            (b'{"\\ud800": 1}', "half of a surrogate pair"),
            (b'["\\udfff"]', "half of a surrogate pair"),
            (b"9" * 5_000, "more than 4,300 digits"),
            (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nests deeper than 50 levels"),
            (b'{"a":' * 20_000, "nests deeper than 50 levels"),
        ],
        ids=lambda value: value[:30] if isinstance(value, bytes) else value,
    )
    def test_what_is_not_json_is_refused(self, text: bytes, message: str) -> None:
        assert message in problem_of_json(text).message

    def test_a_byte_order_mark_is_passed_over(self) -> None:
        assert read_json(b"\xef\xbb\xbf{}", LIMIT) == {}

    def test_a_problem_points_at_the_value(self) -> None:
        assert problem_of_json(b'{"a": [1, "\\ud800"]}').pointer == "/a/1"

    def test_a_mistake_has_its_line_and_column(self) -> None:
        problem = problem_of_json(b'{\n  "a": 1,\n  b: 2\n}')
        assert (problem.pointer, problem.line, problem.column) == ("", 3, 3)

    def test_fifty_levels_are_fine(self) -> None:
        assert read_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, LIMIT)

    def test_a_text_at_the_limit_is_read_and_one_above_it_is_not(self) -> None:
        assert read_json(b"[1,2]", 5) == [1, 2]
        with pytest.raises(TooLargeError, match="5 bytes, and 4 are allowed"):
            read_json(b"[1,2]", 4)


class TestReadYaml:
    @given(st.binary(max_size=40) | looks_like_something.map(str.encode))
    def test_anything_is_a_value_or_one_of_our_errors(self, text: bytes) -> None:
        with contextlib.suppress(SedoError):
            json.dumps(read_yaml(text, LIMIT)[0], allow_nan=False).encode()

    def test_blocks_flow_and_comments(self) -> None:
        text = "a: # why\n  - 1\n  - {b: [x, 'y', \"z\\n\"]}\nc: |\n  two\n  lines\nd: >-\n  one\n  line\n"
        assert from_yaml(text) == {"a": [1, {"b": ["x", "y", "z\n"]}], "c": "two\nlines\n", "d": "one line"}

    @pytest.mark.parametrize("word", ["null", "~", "Null", "NULL", ""])
    def test_null(self, word: str) -> None:
        assert from_yaml(f"a: {word}") == {"a": None}

    @pytest.mark.parametrize(
        ("word", "value"),
        [("true", True), ("False", False), ("0", 0), ("-7", -7), ("1.50", 1.5), ("1e3", 1000.0), ("9" * 400, None)],
    )
    def test_words_that_are_json(self, word: str, value: Json) -> None:
        assert exact(from_yaml(f"a: {word}")) == exact({"a": int(word) if value is None else value})

    @pytest.mark.parametrize(
        "word",
        [
            "on",
            "no",
            "yes",
            "y",
            "010",
            "0x1F",
            "0o17",
            "1_000",
            "1:2:3",
            "+1",
            ".5",
            "1.",
            "2026-01-31",
            ".inf",
            ".NaN",
        ],
    )
    def test_words_that_are_text(self, word: str) -> None:
        assert from_yaml(f"a: {word}") == {"a": word}

    @pytest.mark.parametrize("quoted", ["'1'", '"true"', "'null'", "'~'", '""'])
    def test_quoted_words_are_text(self, quoted: str) -> None:
        assert from_yaml(f"a: {quoted}") == {"a": quoted[1:-1]}

    def test_a_quoted_merge_key_is_a_key_like_others(self) -> None:
        assert from_yaml("'<<': {b: 1}") == {"<<": {"b": 1}}

    def test_a_byte_order_mark_is_passed_over(self) -> None:
        assert read_yaml(b"\xef\xbb\xbfa: 1", LIMIT)[0] == {"a": 1}

    @pytest.mark.parametrize("text", ["", "# nothing\n", "\n\n"])
    def test_nothing_is_refused(self, text: str) -> None:
        assert problem_of_yaml(text).message == "there is nothing in it"

    @pytest.mark.parametrize(
        ("text", "message", "place"),
        [
            ("a: &x 1\nb: 2", "anchors are not allowed", (1, 4)),
            ("a: 1\nb: *x", "aliases are not allowed", (2, 4)),
            ("a: !!str 1", "tags are not allowed", (1, 4)),
            ("a: !x {}", "tags are not allowed", (1, 4)),
            ("a:\n  <<: {b: 1}", "merge keys are not allowed", (2, 3)),
            ("a: 1\n---\nb: 1", "more than one document", (2, 1)),
            ("1: a", 'a key is text: quote it, as in "1"', (1, 1)),
            ("a:\n  true: 1", 'a key is text: quote it, as in "true"', (2, 3)),
            ("? [a]\n: 1", "a key is text", (1, 3)),
            ("{a: 1}: 2", "a key is text", (1, 1)),
            ("a:\n  when: {{ b }}", "{{ }} is no expression: write '${ … }' in quotes", (2, 10)),
            ("a: 1\nb: 2\na: 3", "the key 'a' is there twice", (3, 1)),
            ("a: [1\nb: 2", "this is not YAML", (2, 2)),
            ("a: @x", "this is not YAML", (1, 4)),
            ("\ta: 1", "this is not YAML", (1, 1)),
            ("a: 1e999", "the number 1e999 is too large", (1, 4)),
            ("a: 1\nöö: \x00", "this is not YAML", (2, 5)),
            ("a: " + "9" * 5_000, "more than 4,300 digits", (1, 4)),
            ("[" * (MAX_BODY_DEPTH + 1) + "]" * (MAX_BODY_DEPTH + 1), "nests deeper than 54 levels", (1, 55)),
            ("{a: " * 20_000, "nests deeper than 54 levels", (1, 217)),
        ],
        ids=lambda value: value[:30] if isinstance(value, str) else None,
    )
    def test_what_is_no_plain_yaml_is_refused_with_its_place(
        self, text: str, message: str, place: tuple[int, int]
    ) -> None:
        problem = problem_of_yaml(text)
        assert message in problem.message
        assert (problem.line, problem.column) == place

    def test_only_utf_8_is_read(self) -> None:
        assert "byte 4" in problem_of_yaml(b"a: \xff").message
        assert "UTF-8" in problem_of_yaml("a: 1".encode("utf-16")).message

    def test_a_text_above_the_limit_is_too_large(self) -> None:
        with pytest.raises(TooLargeError):
            read_yaml(b"a: 1", 3)


class TestPlaces:
    TEXT = b"id: x\nsteps:\n  - id: one\n    type: echo\n  - {id: two, 'a/b~c': 1}\n"

    @pytest.mark.parametrize(
        ("pointer", "place"),
        [
            ("", (1, 1)),
            ("/id", (1, 1)),
            ("/steps", (2, 1)),
            ("/steps/0", (3, 5)),
            ("/steps/0/type", (4, 5)),
            ("/steps/1", (5, 5)),
            ("/steps/1/id", (5, 6)),
            ("/steps/1/a~1b~0c", (5, 15)),
            ("/steps/1/next", (5, 5)),
            ("/steps/1/id/deep/er", (5, 6)),
            ("/nowhere", (1, 1)),
        ],
    )
    def test_a_problem_gets_the_place_of_its_key_or_item_or_of_the_closest_one_around_it(
        self, pointer: str, place: tuple[int, int]
    ) -> None:
        _, places = read_yaml(self.TEXT, LIMIT)
        assert places.locate([Problem(pointer, "wrong")]) == [Problem(pointer, "wrong", *place)]


class TestWriteYaml:
    @given(values)
    def test_what_is_written_reads_back_the_same(self, value: Json) -> None:
        assert exact(from_yaml(write_yaml(value))) == exact(value)

    @given(looks_like_something)
    def test_texts_that_look_like_something_else_read_back_as_text(self, text: str) -> None:
        assert from_yaml(write_yaml({text: text})) == {text: text}

    @pytest.mark.parametrize(
        "word", ["1", "1e3", "true", "null", "~", "", "on", "2026-01-31", "<<", "- a", "a: b", "#", "a\x85\u2028\n"]
    )
    def test_words_that_would_be_something_else_are_quoted(self, word: str) -> None:
        assert from_yaml(write_yaml([word])) == [word]

    def test_it_is_made_for_reading(self) -> None:
        value: Json = {"id": "x", "a": [{"b": 1, "c": "zwölf"}], "text": "two\nlines\n", "none": None}
        assert write_yaml(value) == "id: x\na:\n- b: 1\n  c: zwölf\ntext: |\n  two\n  lines\nnone: null\n"

    def test_the_same_value_twice_is_written_twice(self) -> None:
        shared: Json = ["a"]
        assert from_yaml(write_yaml([shared, shared])) == [["a"], ["a"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:\n\t- b", "a tab cannot indent: write spaces"),
        ("- a: 1\n\tb: 2", "a tab cannot indent: write spaces"),
        ("{a: '${default(b, 'x')}'}", "an expression that has ' in it stands in double quotes"),
        ("a: @b", "a text that begins with @ stands in quotes"),
        ("a: `b`", "a text that begins with ` stands in quotes"),
        ("a: ${input.a: 1}", "a colon cannot stand here: a text with ': '"),
        ("a: {b: ${x}}", "an expression stands in quotes there, as '${ input.x }'"),
        ("a: [b, c", "a comma or the closing bracket is missing"),
        ("a: 'b", "a quote or a bracket is never closed"),
        ('a: "x\n---\n', "a quote or a bracket is never closed"),
        ('a: "\\q"', "in double quotes \\ begins an escape"),
        ('a: "\\xZZ"', "hexadecimal digits"),
        ('a: "\\uD800"', "there is no character of this number"),
        ("a:\n  b: 1\n c: 2", "the indentation does not fit"),
        ("a: 'it's'", "or a quote ends before its text does"),
        ("- a\nb: c", "the indentation does not fit"),
        ("a: - b", "a list cannot begin here"),
        ("a: *", "a text that begins with * or & stands in quotes"),
        ("a: !<", "a text that begins with ! stands in quotes"),
        ("a: | x\n y", "behind | and > stands nothing but the line break"),
        ("%foo\na: b", "a line that begins with % stands in quotes"),
        ("%YAML 3.0\n---\na", "leave %YAML out"),
        ("{a: b}}", "a bracket or an indentation too much"),
        ("a: ,", "a value is missing here"),
        ("a: \x07", "a control character cannot stand here"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_yaml(text.encode(), 1_000)
    assert said in str(caught.value)
    of_libyaml = ("expected", "context", "token", "mapping values", "found ")
    assert not [word for word in of_libyaml if word in str(caught.value)]


def test_what_libyaml_says_in_other_words_is_not_repeated() -> None:
    assert yaml_advice("could not frobnicate", "a", 1, 1) == "it cannot be read here"
    assert yaml_advice("found character that cannot start any token", "a", 9, 1).startswith("a text that begins with")
