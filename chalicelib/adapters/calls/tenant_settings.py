"""What a tenant may reach: the parameter ``/<prefix>/<tenant>/settings``, kept in the process for five minutes."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from chalicelib.adapters.calls.expiring import LASTS, Expiring
from chalicelib.adapters.calls.parameters import Reader
from chalicelib.adapters.names import Names
from chalicelib.core.schemas.schema import Schema, compile_schema
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value

MALFORMED_LASTS = timedelta(seconds=10)
"""How long it is kept that settings are malformed: whoever has just mended them does not wait long."""


@value
class TenantSettings:
    """What a tenant may reach, of what sedo lets all tenants reach: None is all of that, an empty list nothing."""

    http_hosts: Sequence[str] | None = None
    """Of requests, in small letters, with a port or not; ``*.example.com`` is every name below that one, ``*`` any."""
    aws_actions: Sequence[str] | None = None
    """``sqs:SendMessage``; ``*`` is any text."""
    lambda_functions: Sequence[str] | None = None
    """Names; ``*`` is any text."""


class CachedTenantSettings:
    """Settings by tenant."""

    def __init__(self, read: Reader, names: Names, now: Callable[[], datetime]) -> None:
        self._read = read
        self._prefix = names.prefix
        self._kept = Expiring(self._fetch, now)

    def of(self, tenant: str) -> TenantSettings:
        """Answer the settings of a tenant; without the parameter nothing is restricted.

        Raises:
            StepError: ``InvalidSettings``: the parameter is malformed, and nothing is allowed until it is mended.
            UnavailableError: the Parameter Store did not answer.
        """
        found = self._kept.get(tenant)
        if isinstance(found, TenantSettings):
            return found
        raise StepError(f"the parameter {self._path(tenant)} is malformed: {found}", "InvalidSettings")

    def _path(self, tenant: str) -> str:
        return f"/{self._prefix}/{tenant}/settings"

    def _fetch(self, tenant: str) -> tuple[TenantSettings | str, timedelta]:
        """Read settings, or what is wrong with them."""
        text = self._read(self._path(tenant))
        if text is None:
            return TenantSettings(), LASTS
        try:
            return _parsed(text), LASTS
        except (ValueError, RecursionError) as error:
            return str(error), MALFORMED_LASTS


def _parsed(text: str) -> TenantSettings:
    document = json.loads(text, object_pairs_hook=_object)
    if problems := _schema().problems(document):
        raise ValueError("; ".join(f"{problem.pointer or 'it'}: {problem.message}" for problem in problems))
    return TenantSettings(
        document.get("http", {}).get("hosts"),
        document.get("aws", {}).get("actions"),
        document.get("lambda", {}).get("functions"),
    )


def _object(members: Sequence[tuple[str, Json]]) -> Mapping[str, Json]:
    made = dict(members)
    if len(made) < len(members):
        raise ValueError("a key stands twice in one object")
    return made


@cache
def _schema() -> Schema:
    def only(**members: Json) -> dict[str, Json]:
        return {"type": "object", "additionalProperties": False, "properties": members}

    def texts(pattern: str) -> dict[str, Json]:
        return {"type": "array", "items": {"type": "string", "maxLength": 256, "pattern": pattern}}

    lists: dict[str, Json] = {
        "http": only(hosts=texts(r"^(\*|(\*\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$")),
        "aws": only(actions=texts("^[a-z0-9-]+:[A-Za-z0-9*]+$")),
        "lambda": only(functions=texts("^[A-Za-z0-9_*-]+$")),
    }
    return compile_schema(only(**lists))
