"""Header fields whose values are never shown in history: they hold credentials."""

from chalicelib.core.values.json import Json

HIDDEN = "***"
"""What stands where a value is not shown."""

PRIVATE = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"})
"""Headers whose values are not for history."""

PAIR = 2


def without_private(headers: Json) -> Json:
    """Hide the private ones of headers, which are an object or a list of names and values in pairs."""
    if isinstance(headers, dict):
        return {name: _hidden(value) if name.lower() in PRIVATE else value for name, value in headers.items()}
    if isinstance(headers, list):
        return [_without_private_value(header) for header in headers]
    return headers


def _without_private_value(header: Json) -> Json:
    if isinstance(header, list) and len(header) == PAIR and str(header[0]).lower() in PRIVATE:
        return [header[0], _hidden(header[1])]
    return header


def _hidden(value: Json) -> Json:
    return [HIDDEN] * len(value) if isinstance(value, list) else HIDDEN
