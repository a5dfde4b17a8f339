"""What people write who know another language: where an expression cannot be read, and what to write there."""

import re

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"

_BEFORE = (
    (r"\blet\s+\$\w*\s*$", "there is no let: within a filter or a projection, $.input is the input of the step"),
    (rf"\[\s*{_NUMBER}\s*$", "a list of values stands in backticks, as `[1, 2]`"),
    (r"(?i:\bnot)\s*$", "there is no not: write ! before what is not to be, as !a or !(a.b)"),
    (
        r"\.\s*$",
        'after a . comes a name; one that is not of letters, digits and _ stands in double quotes: a."b-c"',
    ),
    (r"\$\s*$", "$ is all that can be seen: write $.input, or input, and no $ before a name"),
    (r"\bif\s*$", "there is no if as a word: write if(condition, then, else)"),
    (
        r"\[\s*$",
        "in [ ] stands a number, a slice, * or ?condition: write .name for a member, get(a, key) for a computed key",
    ),
    (
        rf"\{{\s*(?:{_NAME}\s*)?$",
        "{ } makes an object, as {name: value}; an expression stands in one pair of braces only, as ${a}",
    ),
)
"""Patterns of what stands before the place, and what to write."""

_AT = (
    (r"\.(?=[A-Za-z_])", "an expression begins with a name, as input.name"),
    (r"\?\.", "there is no ?.: a . is enough, as what is in null is null"),
    (r"\?\?", "there is no ??: write default(a, b), or a || b"),
    (r"\?", "there is no ? and :: write if(condition, then, else)"),
    (r"(?i:and)\b", "there is no and: write && between conditions"),
    (r"(?i:or)\b", "there is no or: write || between conditions"),
    (r"(?:in|IN|contains|CONTAINS)\b", "there is no in: write contains(list, value)"),
    (r"(?i:is)\b", "there is no is: values are compared by == and !="),
    (r"=~|(?i:like|matches)\b", "write match(text, pattern) for a regular expression, glob(text, pattern) for * and ?"),
    (r"if\b", "there is no if as a word: write if(condition, then, else)"),
    (r"then\b|else\b", "write if(condition, then, else)"),
    (r"!(?!=)", "! stands before what is not to be: write !a, and a != b to compare"),
    (r"=>", "there is no =>: write >= to compare, and &price for what a function does with each, as map(&price, a)"),
    (r"={3}|!==", "values are compared by == and !="),
    (r"=(?!=)", "values are compared by =="),
    (r"\*\*|\^", "there is no power sign: write power(a, b)"),
    (r"\*", "there is no * between numbers: write multiply(a, b)"),
    (r"\+", "there is no +: write add(a, b) for numbers, and join('', [a, b]) or two ${ } for texts"),
    (r"/", "there is no /: write divide(a, b)"),
    (r"%", "there is no %: write modulo(a, b)"),
    (_NUMBER, "a number stands in backticks: write `{}`"),
    (r"-", 'there is no -: write subtract(a, b); a name with a - in it stands in double quotes, as "a-b"'),
    (r"&", "& stands before an expression that a function is given, as in sort_by(a, &b): conditions are joined by &&"),
    (r"[“”„‘’«»]", "a text stands in single quotes, as 'text'"),  # noqa: RUF001 - the wrong quotes
    (r"[;#~\\^]", "{} is no sign of an expression"),
    (r'"[^"]*"\s*\(', "the name of a function has no quotes"),
    (rf"{_NAME}|['\"`@$(]", "between this and what stands before it an operator or a comma is missing"),
    (r"[<>]", "values are compared by ==, !=, <, <=, > and >="),
    (r"[\])},:.]", "{} cannot stand here"),
)
"""Patterns of what stands at the place, and what to write."""


def advice(text: str, offset: int) -> str:
    """Say what to write where an expression cannot be read.

    Args:
        text: the expression.
        offset: the character, from 0, at which it cannot be read.
    """
    before, rest = text[:offset], text[offset:]
    shown = _shown(rest)
    if before.endswith("$") and shown == "{":
        return "${ cannot be read: this is an expression already: write what stands within the braces, without them"
    said = next((said for pattern, said in _BEFORE if re.search(pattern, before)), None)
    found = None if said else next(filter(None, (_matched(pattern, said, rest) for pattern, said in _AT)), None)
    return f"{shown} cannot be read: {said or found or 'it is no sign of an expression'}"


def _matched(pattern: str, said: str, rest: str) -> str | None:
    found = re.match(pattern, rest)
    return None if found is None else said.replace("{}", found[0])


def _shown(rest: str) -> str:
    """Cut what is wrong to the first word or sign of it."""
    found = re.match(rf"{_NUMBER}|{_NAME}|\?[?.]|[=!]=+|=[>~]|\*\*|'[^']{{0,20}}'?|.", rest, re.DOTALL)
    return "the end" if found is None else found[0]
