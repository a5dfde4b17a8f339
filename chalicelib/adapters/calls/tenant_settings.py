"""What a tenant may reach, as its record in the table of access says, kept in the process for five minutes."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.adapters.calls.expiring import LASTS, Expiring
from chalicelib.core.access.entries import AccessEntry
from chalicelib.core.values.errors import DamagedError, UnavailableError
from chalicelib.core.values.value import value


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
    """Settings by tenant.

    Args:
        read: reads the record of a tenant; None: it has none.
        now: the time.
    """

    def __init__(self, read: Callable[[str], AccessEntry | None], now: Callable[[], datetime]) -> None:
        self._read = read
        self._kept = Expiring(self._fetch, now)

    def of(self, tenant: str) -> TenantSettings:
        """Answer the settings of a tenant; without a record nothing is restricted.

        Raises:
            UnavailableError: the store did not answer, or its record is damaged: calls wait until that is mended.
        """
        return self._kept.get(tenant)

    def _fetch(self, tenant: str) -> tuple[TenantSettings, timedelta]:
        try:
            entry = self._read(tenant)
        except DamagedError as error:
            raise UnavailableError(str(error)) from error
        given: Any = {} if entry is None else entry.document.get("settings", {})
        lists = (("http", "hosts"), ("aws", "actions"), ("lambda", "functions"))
        return TenantSettings(*(given.get(kind, {}).get(names) for kind, names in lists)), LASTS
