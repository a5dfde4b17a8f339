"""What people write in YAML that cannot be read, and what to write there; libyaml says it as its grammar does."""

import re
from collections.abc import Sequence

_INDENTED = (
    "the indentation does not fit that of the lines before: members of one object begin in one column; or a quote ends "
    "before its text does"
)
_QUOTED = "a text with ': ' or ' #' in it stands in quotes, and a member stands on a line of its own"
_CLOSED = (
    "in { } and [ ] a comma or the closing bracket is missing: an expression stands in quotes there, as '${ input.x }'"
)

_SAID: Sequence[tuple[str, str]] = (
    ("mapping values are not allowed", f"a colon cannot stand here: {_QUOTED}"),
    ("did not find expected ',' or", _CLOSED),
    ("block sequence entries are not allowed", "a list cannot begin here: each - stands on a line of its own"),
    ("did not find expected '-' indicator", _INDENTED),
    ("did not find expected key", _INDENTED),
    ("did not find expected <document start>", "something stands behind the end: a bracket or an indentation too much"),
    ("found incompatible YAML", "leave %YAML out"),
    ("did not find expected version", "leave %YAML out"),
    ("could not find expected ':'", "behind a key a : is missing, or a quote is never closed"),
    ("found a tab character", "a tab cannot indent: write spaces"),
    (
        "found unexpected end of stream",
        "a quote or a bracket is never closed: an expression that has ' in it stands in double quotes",
    ),
    ("found unexpected document indicator", "a quote or a bracket is never closed"),
    ("found unknown escape character", "in double quotes \\ begins an escape: write \\\\, or single quotes"),
    ("did not find expected hexdecimal", "in double quotes \\x, \\u and \\U are followed by hexadecimal digits"),
    ("found invalid Unicode character", "there is no character of this number"),
    ("did not find expected alphabetic or numeric", "a text that begins with * or & stands in quotes"),
    ("did not find expected node content", "a value is missing here, or a sign that needs quotes stands in its place"),
    ("did not find expected comment or line break", "behind | and > stands nothing but the line break"),
    (
        "control characters are not allowed",
        "a control character cannot stand here: leave it out, or escape it in double quotes",
    ),
    (
        "special characters are not allowed",
        "a control character cannot stand here: leave it out, or escape it in double quotes",
    ),
    ("found undefined tag handle", "a text that begins with ! stands in quotes"),
    ("did not find expected tag URI", "a text that begins with ! stands in quotes"),
    ("did not find expected whitespace or line break", "a text that begins with ! or | or > stands in quotes"),
    ("did not find expected digit", "a line that begins with % stands in quotes"),
    ("could not find expected directive name", "a line that begins with % stands in quotes"),
    ("found unknown directive", "a line that begins with % stands in quotes"),
)
"""What libyaml says, by its beginning, and what to write."""


def yaml_advice(problem: str, text: str, line: int, column: int) -> str:
    """Say what to write where YAML cannot be read.

    Args:
        problem: what libyaml says.
        text: the YAML.
        line: where it stopped, from 1.
        column: where in the line it stopped, from 1.
    """
    if problem.startswith("found character that cannot start"):
        lines = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text)
        sign = lines[line - 1][column - 1 : column] if line <= len(lines) else ""
        return (
            "a tab cannot indent: write spaces" if sign == "\t" else f"a text that begins with {sign} stands in quotes"
        )
    return next((said for beginning, said in _SAID if problem.startswith(beginning)), "it cannot be read here")
