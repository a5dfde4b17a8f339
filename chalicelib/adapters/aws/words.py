"""Error messages of botocore, reworded in the terms of JSON and of AWS."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

_KINDS: Mapping[str, str] = {
    "NoneType": "null",
    "bool": "a boolean",
    "bytes": "bytes",
    "dict": "an object",
    "datetime": "an instant",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "str": "a text",
}
"""What Python's types are in JSON; of those that are not here there is another one, which has the same word."""
_KIND = re.compile(r"<class '(?:\w+\.)*(\w+)'>")


def _kinds(text: str) -> str:
    """Name the kinds of values in a list of types."""
    return " or ".join(dict.fromkeys(_KINDS[name] for name in _KIND.findall(text) if name in _KINDS)) or "another kind"


_REPORTS: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = (
    (
        re.compile(r'Missing required parameter in (\S+): "(.*)"'),
        lambda found: f"{found[1]} needs {found[2]!r}",
    ),
    (
        re.compile(r'Unknown parameter in (\S+): "(.*)", must be one of: (.*)'),
        lambda found: f"{found[1]} has no {found[2]!r}; it takes {found[3]}",
    ),
    (
        re.compile(r"Invalid type for parameter (\S+), value: .*, type: (.*), valid types: (.*)", re.DOTALL),
        lambda found: f"{found[1]} is {_kinds(found[2])}, not {_kinds(found[3])}",
    ),
    (
        re.compile(r"Invalid (?:range|value) for parameter (\S+), value: (\S+), valid min value: (\S+)"),
        lambda found: f"{found[1]} is {found[2]}: {found[3]} is the least",
    ),
    (
        re.compile(r"Invalid length for parameter (\S+), value: (\S+), valid min length: (\S+)"),
        lambda found: f"{found[1]} has a length of {found[2]}: {found[3]} is the least",
    ),
    (
        re.compile(r"Invalid number of parameters set for tagged union structure (\S+)\. .*keys: (.*)\."),
        lambda found: f"{found[1]} takes exactly one of {found[2]}",
    ),
)
"""How botocore reports what is wrong with a parameter, and how it is said here: without the value."""


def refused(error: Exception) -> str:
    """Say why a call was not made."""
    report = getattr(error, "kwargs", {}).get("report")
    if not isinstance(report, str):
        return f"boto3 does not make this call: {_quoted(str(error))}"
    return "; ".join(_said(line) for line in report.splitlines())


def unreached(error: Exception) -> str:
    """Say that AWS could not be reached, or broke off."""
    host = urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url") or "")).netloc or "AWS"
    return f"the connection to {host} failed"


def _said(line: str) -> str:
    for pattern, say in _REPORTS:
        if (found := pattern.fullmatch(line)) is not None:
            return say(found)
    return f"boto3 does not take it: {_quoted(line)}"


def _quoted(text: str) -> str:
    """Quote what others say."""
    return json.dumps(text, ensure_ascii=False)
