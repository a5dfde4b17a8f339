"""The audit."""

from itertools import pairwise

from chalicelib.core.records.audit import AuditEntry, following
from chalicelib.core.values.value import copy_with
from tests.adapters.conftest import Backend
from tests.adapters.examples import NOW


def chain(tenant: str, length: int) -> list[AuditEntry]:
    """Make entries that follow each other."""
    made = [following(None, tenant, NOW, {"n": "x" * 2000}, is_refusal=True)]
    while len(made) < length:
        made.append(following(made[-1], tenant, NOW, {"n": len(made)}, is_refusal=False))
    return made


def test_an_entry_is_written_once_and_never_over_another(backend: Backend, tenant: str) -> None:
    first, audit = chain(tenant, 1)[0], backend.audit
    assert (audit.put(first), audit.put(first)) == (True, True)
    assert not audit.put(copy_with(first, text=b"{}"))
    assert audit.read(tenant, 10) == [first]


def test_entries_are_read_in_both_orders_from_any_place(backend: Backend, tenant: str) -> None:
    made, audit = chain(tenant, 5), backend.audit
    for each in made:
        assert audit.put(each)
    assert audit.read(tenant, 10) == made
    assert audit.read(tenant, 2, 1) == made[1:3]
    assert audit.read(tenant, 10, newest_first=True) == made[::-1]
    assert audit.read(tenant, 2, 4, newest_first=True) == [made[2], made[1]]
    assert all(after.previous == before.hash for before, after in pairwise(audit.read(tenant, 10)))
    assert audit.read(tenant + "x", 10) == []
