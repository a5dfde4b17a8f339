"""Lists of what calls may reach, as an operator writes them."""

import re
from collections.abc import Sequence

HOST = re.compile(r"(?P<host>\*|(\*\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?")
"""A host, or ``*``, or ``*.`` and a host, perhaps with a port, in small letters."""


def read_hosts(text: str) -> frozenset[str]:
    """Read a list of hosts, separated by commas.

    Raises:
        ValueError: an entry is none.
    """
    entries = [entry.strip().lower() for entry in text.split(",") if entry.strip()]
    for entry in entries:
        if not HOST.fullmatch(entry):
            raise ValueError(f"{entry!r} is no host: write example.com, example.com:8080, *.example.com or [::1]:8080")
    return frozenset(entries)


def read_actions(text: str) -> Sequence[str]:
    """Read a list of patterns of actions, separated by commas or spaces.

    Raises:
        ValueError: an entry matches no action.
    """
    entries = tuple(text.replace(",", " ").split())
    for entry in entries:
        if ":" not in entry and "*" not in entry:
            raise ValueError(f"{entry!r} is no action: write sqs:SendMessage, dynamodb:*Item or *:*")
    return entries


def read_functions(text: str) -> Sequence[str]:
    """Read a list of patterns of the names of functions, separated by commas or spaces.

    Raises:
        ValueError: an entry matches no name.
    """
    entries = tuple(text.replace(",", " ").split())
    for entry in entries:
        if ":" in entry:
            raise ValueError(f"{entry!r} is no name of a function: write orders-* or render, and no ARN")
    return entries
