"""The secrets of tenants: from where the operator has them, kept in the process for five minutes."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, NoReturn

from chalicelib.adapters import clients
from chalicelib.adapters.calls.expiring import LASTS, Expiring
from chalicelib.adapters.calls.parameters import Reader, managed_secrets, parameters
from chalicelib.adapters.names import Names
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.privacy import HIDDEN
from chalicelib.core.values.value import value

MISSING_LASTS = timedelta(seconds=10)
"""How long it is kept that a secret is not there: whoever has just made it does not wait long."""

_NAME = re.compile(r"(?!.*(?:^|/)\.*(?:/|$))[A-Za-z0-9_./-]{1,128}")
_TENANT = re.compile(r"(?!\.*$)[A-Za-z0-9._-]{1,64}")


class Secret:
    """A value that is not shown, written or copied by accident: only ``reveal`` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Answer the value."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written or copied")


@value
class SecretSource:
    """Where secrets are."""

    read: Reader
    path: str
    """With ``{tenant}`` and ``{name}``."""
    what: str
    """That stands at a path, for people."""


class Secrets:
    """Secrets by tenant and name."""

    def __init__(self, source: SecretSource, now: Callable[[], datetime]) -> None:
        self._source = source
        self._kept = Expiring(self._fetch, now)

    def get(self, tenant: str, name: str) -> str:
        """Answer a secret: its name is up to 128 characters ``A-Za-z0-9_.-``, in parts with ``/`` between them.

        Raises:
            StepError: ``SecretNotFound``; the message tells what to create.
            UnavailableError: where secrets are kept did not answer.
        """
        if not _TENANT.fullmatch(tenant) or not _NAME.fullmatch(name):
            raise StepError(
                f"{name!r} is not the name of a secret: it has up to 128 letters, digits and _ . / -, with no part "
                "that is empty or only dots",
                "SecretNotFound",
            )
        secret = self._kept.get((tenant, name))
        if secret is None:
            path = self._source.path.format(tenant=tenant, name=name)
            raise StepError(f"secret {name!r} is not there: create the {self._source.what} {path}", "SecretNotFound")
        return secret.reveal()

    def _fetch(self, key: tuple[str, str]) -> tuple[Secret | None, timedelta]:
        tenant, name = key
        value = self._source.read(self._source.path.format(tenant=tenant, name=name))
        return (None, MISSING_LASTS) if value is None else (Secret(value), LASTS)


def in_parameters(read: Reader, names: Names) -> SecretSource:
    """Name the parameters that hold secrets: ``/<prefix>/<tenant>/secrets/<name>``."""
    return SecretSource(read, f"/{names.prefix}/{{tenant}}/secrets/{{name}}", "SecureString parameter")


def in_secrets_manager(read: Reader, names: Names) -> SecretSource:
    """Name the secrets of Secrets Manager: ``<prefix>/<tenant>/<name>``."""
    return SecretSource(read, f"{names.prefix}/{{tenant}}/{{name}}", "text secret of Secrets Manager")


def source_of(service: Literal["ssm", "secretsmanager"], names: Names) -> SecretSource:
    """Choose the source of a service of AWS."""
    if service == "ssm":
        return in_parameters(parameters(clients.ssm), names)
    return in_secrets_manager(managed_secrets(clients.secretsmanager), names)
