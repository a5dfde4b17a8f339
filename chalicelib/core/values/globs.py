"""Globs: patterns of names, in which ``*`` is any text, ``?`` a character, and ``[…]`` one of some."""

from fnmatch import fnmatchcase


def matching(name: str, patterns: frozenset[str] | None) -> bool:
    """Tell whether a name matches one of some patterns; None: any name does."""
    return patterns is None or any(fnmatchcase(name, pattern) for pattern in patterns)
