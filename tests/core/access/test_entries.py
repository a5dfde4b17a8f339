"""What an entry of each kind is to say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core.access.entries import AccessEntry, EntryKind, check, quotas_of, unread_tenant
from chalicelib.core.access.keys import ApiKey, key_document

NOW = datetime(2030, 1, 1, tzinfo=UTC)
WHOLE: dict[EntryKind, Any] = {
    EntryKind.KEY: key_document(ApiKey("t", "one", "hash", "", (), NOW)),
    EntryKind.BINDING: {"role": "viewer"},
    EntryKind.ROLE: {"rules": []},
    EntryKind.TENANT: {},
}


@pytest.mark.parametrize("kind", EntryKind)
def test_an_entry_is_understood_or_not(kind: EntryKind) -> None:
    check(AccessEntry("t", kind, "one", WHOLE[kind], NOW))
    with pytest.raises((AttributeError, KeyError, TypeError)):
        check(AccessEntry("t", kind, "one", [], NOW))  # type: ignore[arg-type]


def test_a_tenant_whose_record_cannot_be_read_is_stopped_and_audited() -> None:
    quotas = quotas_of([unread_tenant("t")])
    assert (quotas.stopped, quotas.audits_all) == (True, True)
