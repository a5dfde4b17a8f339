"""The first roles and API keys of an installation: ``python -m deploy.access ROLE TENANT [SUBJECT]``.

Without a subject it makes an API key of the tenant and prints it; with one, a user or a role of IAM, it binds the role
to that. ``*`` for a tenant is the whole installation. It writes where ``SEDO_PREFIX`` and the variables of the AWS SDKs
say: whoever may write the table of an installation may do everything in it. All others use the API.
"""

import re
import sys
from secrets import token_hex
from typing import TYPE_CHECKING

from chalicelib.adapters import clients
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.access import DynamoAccess
from chalicelib.core.access.entries import EntryKind
from chalicelib.core.access.rights import BUILT_IN, Grant
from chalicelib.core.values.errors import SedoError
from chalicelib.usecases.access import AccessCache, AccessService
from chalicelib.wiring.settings import Settings

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

EVERYTHING = Grant(everywhere=BUILT_IN["admin"].rules)
BY = "python -m deploy.access"
TENANT = r"[A-Za-z0-9._-]{1,64}|\*"
"""Of a tenant, as the API takes it; ``*`` is the whole installation."""
USAGE = "usage: python -m deploy.access ROLE TENANT [SUBJECT]"


def service() -> AccessService:
    """Make the use cases, over the table that the environment names."""
    clock = SystemClock()
    store = DynamoAccess(clients.dynamodb(), Settings.from_environment().names)
    return AccessService(store, AccessCache(store, clock.now), clock, lambda: token_hex(8), lambda: token_hex(32))


def make_key(role: str, tenant: str) -> str:
    """Make an API key with a role, and answer its text."""
    title = f"made by {BY}"
    return service().create_key(tenant, title=title, roles=[role], expires_at=None, by=BY, grant=EVERYTHING)[1]


def bind(role: str, tenant: str, subject: str) -> None:
    """Give a role to a subject; a binding of the role's name, made here, is for all who got it so."""
    access, name = service(), f"first-{role}"
    known = access.store.get(tenant, EntryKind.BINDING, name)
    document: dict[str, Json] = {"groups": [], **({} if known is None else known.document)}
    subjects = document.get("subjects", [])
    assert isinstance(subjects, list)  # noqa: S101 - as it is written below
    document |= {"role": role, "subjects": [*subjects, *({subject} - {*map(str, subjects)})]}
    access.put(tenant, EntryKind.BINDING, name, document, by=BY, grant=EVERYTHING)


def main(arguments: list[str]) -> int:
    """Make a key, or bind a role."""
    if len(arguments) not in {2, 3}:
        print(USAGE, file=sys.stderr)
        return 2
    role, tenant, *subjects = arguments
    if not re.fullmatch(TENANT, tenant):
        print(f"{tenant!r} is no tenant: it has to match {TENANT}", file=sys.stderr)
        return 2
    try:
        if subjects:
            bind(role, tenant, subjects[0])
            print(f"{subjects[0]} has the role {role} in {tenant}, within a minute")
        else:
            print(make_key(role, tenant))
    except SedoError as error:
        print(f"{error.title()}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
