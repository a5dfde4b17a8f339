"""Regular expressions that people write: RE2, whose time is linear in the text (google/re2, "Syntax")."""

from functools import cache, lru_cache
from types import ModuleType
from typing import Any, Protocol

from chalicelib.core.limits import LIMITS

MAX_PATTERN = LIMITS.pattern_chars


@cache
def _re2() -> tuple[ModuleType, Any]:
    """Load RE2, and make its options; most invocations need neither."""
    import re2  # noqa: PLC0415 - see above

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2, options


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
        raise PatternError(f"pattern is longer than {MAX_PATTERN} characters")
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
        return kind(f"pattern {text!r} does not compile ({reason}); look-around and back-references are not supported")
    return pattern


@lru_cache(maxsize=256)
def compile_glob(text: str) -> Pattern:
    """Compile a pattern in which ``*`` is any run of characters and ``?`` any single one.

    Raises:
        PatternError: it is too long.
    """
    re2, _ = _re2()
    wild = {"*": ".*", "?": "."}
    return compile_pattern("(?s)" + "".join(wild.get(character) or re2.escape(character) for character in text))
