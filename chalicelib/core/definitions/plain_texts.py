"""Texts without `${ }` that are hardly meant as they stand, as other languages write their expressions."""

import re
from collections.abc import Sequence

_PATTERNS: Sequence[tuple[re.Pattern[str], str, str]] = (
    (re.compile(r"(?<!\$)\{\{\s*[$=]?[A-Za-z_][^{}]*\}\}"), "{{ }}", "${ }"),
    (re.compile(r"\s*\{%.*%\}\s*", re.DOTALL), "{% %}", "${ }"),
    (re.compile(r"\$\.((?:input|output|stash|item|execution)\b[\w.\[\]*]*)$"), "$.", "${ {} }"),
    (re.compile(r"\$\.([A-Za-z_][\w.\[\]*]*)$"), "$.", "${ input.{} }"),
    (re.compile(r"\$\$\.[A-Za-z_][\w.\[\]*]*$"), "$$.", "${ execution.id }"),
    (
        re.compile(r"\$(?:json|input|node|workflow|states|vars|env|now)\b[\w.\[\]*'\"()]*$"),
        "$ before a name",
        "${ input.name }",
    ),
    (re.compile(r"States\.[A-Z]\w+\(.*\)$", re.DOTALL), "a call of States", "${ format('{}', [input.name]) }"),
    (re.compile(r"((?:input|stash|output|item)\.[A-Za-z_][\w.\[\]*]*)$"), "this", "${ {} }"),
)
"""What is meant as an expression, what it is called, and how it is written; ``{}`` is what its group finds."""


def plain_remark(text: str) -> str | None:
    """Say of a text that is hardly meant as it stands that it is plain text, and what to write."""
    for pattern, name, right in _PATTERNS:
        found = pattern.search(text) if name == "{{ }}" else pattern.match(text)
        if found is not None:
            written = right.replace("{}", found[1]) if pattern.groups else right
            return f"{name} is plain text: an expression is written {written}"
    return None
