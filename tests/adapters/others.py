"""What the functions do that neither answer requests nor work on messages."""

from contextlib import suppress

from chalicelib.core.access.entries import EntryKind
from chalicelib.core.records.payload import Reference
from chalicelib.core.values.errors import PayloadLostError
from tests.adapters.conftest import Aws
from tests.adapters.examples import incident


def indexer(aws: Aws, tenant: str) -> None:
    """Do what the handler of streams does."""
    assert aws.backend.tasks.header({}) is None
    with suppress(PayloadLostError):
        aws.backend.executions.read_text(tenant, Reference("0" * 64, 10), 0, 10)
    aws.backend.incidents.record(incident(tenant))
    aws.backend.incidents.end(incident(tenant).key, incident(tenant).at, "over")


def authorizer(aws: Aws, tenant: str) -> None:
    """Do what finding out who asks does."""
    assert aws.backend.access.get(tenant, EntryKind.KEY, "0") is None
