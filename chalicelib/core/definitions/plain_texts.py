"""Texts without `${ }` that are hardly meant as they stand, as other languages write their expressions."""

import re
from collections.abc import Iterator

_SCOPE = "(?:error|execution|input|item|output|stash)"
_NAME = rf"\s*(?:\$?\.?{_SCOPE}\b|\$\.|\$\w+\.|[A-Za-z_]\w*(?:\(\))?[.\[]\w)"
"""What an expression between two signs begins with: a name of the scope, or one with another behind it."""

_IN_TEXT = (
    (r"(?<!\$)\{\{-?\s*[$=]?[A-Za-z_.][^{}]*\}\}", "{{ }}"),
    (r"\{%.*?%\}", "{% %}"),
    (r"<%=?\s*[$\w(].*?%>", "<% %>"),
    (r"#\{\s*[$]?[A-Za-z_][^{}]*\}", "#{ }"),
    (r"@\{\s*[A-Za-z_][^{}]*\}", "@{ }"),
    (rf"%\{{{_NAME}[^{{}}]*\}}", "%{ }"),
    (rf"\$\({_NAME}[^()]*\)", "$( )"),
    (rf"\[\[{_NAME}[^\[\]]*\]\]", "[[ ]]"),
    (rf"%{_SCOPE}\.[\w.\[\]*]+%", "% %"),
    (rf"(?<![$#%@{{])\{{\s*(?:\$\.\w|{_SCOPE}\.\w)[\w.\[\]*]*\s*\}}", "{ }"),
)
"""Signs around an expression within a text, and what they are called."""
_WHOLE = (
    (rf"\$\.({_SCOPE}\b[\w.\[\]*]*)", "$.", "${ {} }"),
    (r"\$\.([A-Za-z_][\w.\[\]*]*)", "$.", "${ input.{} }"),
    (r"\$\$\.[A-Za-z_][\w.\[\]*]*", "$$.", "${ execution.id }"),
    (
        rf"\$(?:json|node|workflow|states|vars|env|now|context|ctx|steps|inputs|trigger|{_SCOPE})\b[\w.\[\]*'\"()]*",
        "$ before a name",
        "${ input.name }",
    ),
    (r"States\.[A-Z]\w+\(.*\)", "a call of States", "${ format('Hello {}', input.name) }"),
    (rf"({_SCOPE}\.[A-Za-z_][\w.\[\]*]*)", "this", "${ {} }"),
    (rf"=\s*(?:\$\.\w|\$?{_SCOPE}\b).*", "= before an expression", "${ }"),
    (rf"@(?:[A-Za-z]\w*\(.*\)|{_SCOPE}\.).*", "@ before an expression", "${ }"),
)
"""Texts that are meant as expressions, what they are called, and how they are written; ``{}`` is what a group finds."""
_FOUND = [(re.compile(pattern, re.DOTALL), name) for pattern, name in _IN_TEXT]
_MATCHED = [(re.compile(pattern, re.DOTALL), name, right) for pattern, name, right in _WHOLE]
_FILLED = re.compile(r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
"""An expression: nothing in it is plain text."""
_SIGNS = re.compile(r"[{<$%@=\[.(]")
_LONGEST = 2_000
"""Characters of a text that are looked at."""


def plain_remark(text: str) -> str | None:
    """Say of a text that is hardly meant as it stands that it is plain text, and what to write."""
    if not _SIGNS.search(text):
        return None
    plain = _FILLED.sub("", text[:_LONGEST])
    return next(_remarks(plain), None)


def key_remark(key: str, item: object) -> str | None:
    """Say of a name of an object that no expression is read in it, and what to write.

    Args:
        key: the name.
        item: what stands under it; None where YAML reads ``{input.name}`` as an object.
    """
    if item is None and plain_remark(key) is not None:
        return f"{{ }} makes an object of this: write ${{ {key} }} for what an expression yields"
    if "${" in key or "{{" in key:
        return "names of an object are taken as they stand: write what is computed as a value, as name: ${ input.name }"
    return None


def _remarks(text: str) -> Iterator[str]:
    for pattern, name in _FOUND:
        if pattern.search(text):
            yield f"{name} is plain text: an expression is written ${{ }}"
    for whole, name, right in _MATCHED:
        if found := whole.fullmatch(text):
            written = right.replace("{}", found[1]) if whole.groups else right
            yield f"{name} is plain text: an expression is written {written}"
