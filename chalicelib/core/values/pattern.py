"""Regular expressions that people write: RE2, whose time is linear in the text (google/re2, "Syntax")."""

import re
from functools import cache, lru_cache
from types import ModuleType
from typing import Any, Protocol

from chalicelib.core.limits import LIMITS, beyond

MAX_PATTERN = LIMITS.pattern_chars


@cache
def _re2() -> tuple[ModuleType, Any]:
    """Load RE2, and make its options; most invocations need neither."""
    import re2  # noqa: PLC0415 - see above

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2, options


_AROUND = "is not supported: match what stands there too, and take what is wanted with a group ( )"
_GROUPS = (
    ("(?=", f"{{}} looks ahead, which {_AROUND}"),
    ("(?!", f"{{}} looks ahead, which {_AROUND}"),
    ("(?<=", f"{{}} looks behind, which {_AROUND}"),
    ("(?<!", f"{{}} looks behind, which {_AROUND}"),
    ("(?>", "{} never gives back what it took, which is not supported: write (?: in place of it"),
)
"""By how a group begins, why it cannot be, and what to write."""

_SAID = {
    "invalid perl operator": "{} begins no kind of group that there is: write (?: for a group that catches nothing",
    "invalid escape sequence": "{} stands for nothing: a letter or digit that means itself has no backslash before it",
    "trailing \\": "a backslash is the last character: write two for one that means itself",
    "missing )": "a ) is missing; write \\( for a bracket that means itself",
    "unexpected )": "a ( is missing; write \\) for a bracket that means itself",
    "missing ]": "a ] is missing; write \\[ for a bracket that means itself",
    "invalid character class range": "{} is no range or class of characters, as a-z or [:alpha:] in [ ] is",
    "invalid repetition size": "{} repeats too often, or its ends are the wrong way round: 1,000 times is the most",
    "bad repetition operator": "{} repeats a repetition: put the first one into ( )",
    "no argument for repetition operator": "nothing stands before {}: write \\{} for one that means itself",
    "invalid named capture group": "{} is no name of a group: write (?P<name>...)",
    "pattern too large - compile failed": "it is too large: repeat less",
}
"""What RE2 says, and how it is said here."""


class Match(Protocol):
    """What was found."""

    def group(self) -> str:
        """The whole match."""

    def groups(self) -> tuple[str | None, ...]:
        """What each group caught."""


class Pattern(Protocol):
    """A compiled pattern."""

    programsize: int
    """Its instructions: each may have to look at each character of a text."""

    def search(self, text: str) -> Match | None:
        """Find the first match anywhere in a text."""

    def fullmatch(self, text: str) -> Match | None:
        """Match a whole text."""


class PatternError(ValueError):
    """A pattern cannot be used, in words for people."""


class PatternTooLargeError(PatternError):
    """RE2 would need more memory for a pattern than it may have."""


def compile_pattern(text: str) -> Pattern:
    """Compile a pattern.

    Raises:
        PatternError: RE2 cannot read it, or it is too long.
    """
    if len(text) > MAX_PATTERN:
        raise PatternError(beyond("pattern_chars", f"pattern is longer than {MAX_PATTERN} characters"))
    found = _compiled(text)
    if isinstance(found, PatternError):
        raise type(found)(*found.args)
    return found


@lru_cache(maxsize=256)
def _compiled(text: str) -> Pattern | PatternError:
    """Compile a pattern, or tell why it cannot be: a refusal costs as much, and is kept, too."""
    re2, options = _re2()
    try:
        pattern: Pattern = re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode() if isinstance(reason, bytes) else reason
        kind = PatternTooLargeError if "too large" in reason else PatternError
        return kind(f"pattern {text!r} does not compile: {_in_own_words(reason)}")
    return pattern


def _in_own_words(reason: str) -> str:
    """Say in words for people what RE2 says of a pattern, and what to write."""
    what, _, part = reason.partition(": ")
    if re.match(r"\\[0-9k]", part) or part == "(?P":
        return f"{part} refers back to a group, which is not supported: write again what may stand there"
    said = next((said for beginning, said in _GROUPS if part.startswith(beginning)), None) or _SAID.get(what)
    return "it cannot be read" if said is None else said.replace("{}", part)


@lru_cache(maxsize=256)
def compile_glob(text: str) -> Pattern:
    """Compile a pattern in which ``*`` is any run of characters and ``?`` any single one.

    Raises:
        PatternError: it is too long.
    """
    re2, _ = _re2()
    wild = {"*": ".*", "?": "."}
    return compile_pattern("(?s)" + "".join(wild.get(character) or re2.escape(character) for character in text))
