"""What is damaged in a table is taken away or written anew, and nothing else is; until then it holds up no other."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.tables import (
    ACCESS,
    BY_SCHEDULE_DUE,
    DEFINITION_VERSIONS,
    DEFINITIONS,
    FORMAT,
    SCHEDULES,
    USAGE,
    TableSchema,
)
from chalicelib.adapters.dynamodb.writes import delete_damaged, put_or_mend
from chalicelib.adapters.memory.access import MemoryAccess
from chalicelib.adapters.memory.schedules import MemorySchedules
from chalicelib.core.access.entries import OF_TENANT, AccessEntry, EntryKind, policy_of, quotas_of
from chalicelib.core.access.keys import ApiKey, key_document
from chalicelib.core.access.quotas import StartSlot
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.schedules.schedule import Schedule, ScheduleContent, new_schedule
from chalicelib.core.values.errors import DamagedError, UnknownFormatError
from chalicelib.core.values.value import copy_with
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, definition

EVERY = (EntryKind.BINDING, EntryKind.ROLE, EntryKind.TENANT)


def harm(aws: Aws, table: TableSchema, place: tuple[str, str], **attributes: Any) -> None:
    """Change attributes of an item; None: it has them no more."""
    name, key = aws.names.table(table), table.key(*place)
    item = aws.dynamodb.get_item(TableName=name, Key=key)["Item"]
    left = {name: found for name, found in {**item, **attributes}.items() if found is not None}
    aws.dynamodb.put_item(TableName=name, Item=left)


def schedule(tenant: str, name: str) -> Schedule:
    return copy_with(new_schedule(tenant, name, ScheduleContent("d", Plan("0 * * * *")), NOW), look_at=NOW)


def entry(tenant: str, kind: EntryKind, name: str) -> AccessEntry:
    key = ApiKey(tenant, name, "hash", "", ("viewer",), NOW)
    documents: dict[EntryKind, dict[str, Any]] = {
        EntryKind.KEY: key_document(key),
        EntryKind.BINDING: {"role": "viewer", "groups": ["all"]},
        EntryKind.ROLE: {"rules": [{"kinds": ["*"], "verbs": ["*"]}]},
        EntryKind.TENANT: {"quotas": {"keys": 3}},
    }
    return AccessEntry(tenant, kind, name, documents[kind], NOW)


@pytest.fixture(params=["memory", "no JSON", "another shape", "attributes missing", "no format"])
def damage(request: pytest.FixtureRequest, tenant: str) -> tuple[Backend, Callable[[str], None]]:
    """Answer stores, and what damages the item of a sort key: a schedule, or with ``#`` an entry of access."""
    if request.param == "memory":
        backend: Backend = request.getfixturevalue("memory")

        def lose(place: str) -> None:
            kind, _, name = place.rpartition("#")
            error = DamagedError(f"{place} of {tenant} cannot be read")
            assert isinstance(backend.access, MemoryAccess)
            assert isinstance(backend.schedules, MemorySchedules)
            if kind:
                backend.access.entries[tenant, EntryKind(kind), name] = error
            else:
                backend.schedules.schedules[tenant, name] = error

        return backend, lose
    aws: Aws = request.getfixturevalue("ministack_aws")
    changes: dict[str, dict[str, Any]] = {
        "no JSON": {"document": {"S": "no JSON"}},
        "another shape": {"document": {"S": '["a list"]'}},
        "attributes missing": {"number": None, "version": None, "document": None},
        "no format": {FORMAT: None},
    }
    return aws.backend, lambda place: harm(
        aws, ACCESS if "#" in place else SCHEDULES, (tenant, place), **changes[request.param]
    )


Damage = tuple[Backend, Callable[[str], None]]


def test_a_schedule_is_written_anew_or_goes_and_holds_up_no_other(damage: Damage, tenant: str) -> None:
    backend, lose = damage
    store, one, other = backend.schedules, schedule(tenant, "one"), schedule(tenant, "other")
    assert store.put(one)
    assert store.put(other)
    lose("one")
    with pytest.raises(DamagedError, match=r"one of .* cannot be read"):
        store.get(tenant, "one")
    assert (store.list(tenant, 1), store.count(tenant, 9)) == ([other], 2)
    assert (tenant, "other", NOW) in store.due(NOW, 1_000)
    anew = copy_with(one, paused=True)
    assert store.put(anew)
    assert store.get(tenant, "one") == anew
    assert not store.discard(tenant, "one"), "it can be read"
    lose("one")
    for _ in range(2):  # a client repeats what it has not heard of
        assert store.discard(tenant, "one")
    assert store.list(tenant, 9) == [other]


@pytest.mark.parametrize("kind", EntryKind)
def test_so_is_what_is_said_of_access(damage: Damage, tenant: str, kind: EntryKind) -> None:
    backend, lose = damage
    store, name = backend.access, OF_TENANT if kind is EntryKind.TENANT else "one"
    one = entry(tenant, kind, name)
    assert store.put(one)
    if name:
        assert store.put(entry(tenant, kind, "other"))
    lose(f"{kind}#{name}")
    with pytest.raises(DamagedError, match="cannot be read"):
        store.get(tenant, kind, name)
    if name:
        assert store.list(tenant, [kind], 1) == [entry(tenant, kind, "other")]
    anew = copy_with(one, changed_by="ada")
    assert store.put(anew)
    assert store.get(tenant, kind, name) == anew
    assert not store.discard(tenant, kind, name)
    lose(f"{kind}#{name}")
    for _ in range(2):
        assert store.discard(tenant, kind, name)
    assert store.get(tenant, kind, name) is None


def test_roles_and_bindings_give_nothing_and_a_tenant_is_stopped(damage: Damage, tenant: str) -> None:
    backend, lose = damage
    for kind, name in ((EntryKind.BINDING, "b"), (EntryKind.ROLE, "r"), (EntryKind.TENANT, OF_TENANT)):
        assert backend.access.put(entry(tenant, kind, name))
        lose(f"{kind}#{name}")
    assert backend.access.put(entry(tenant, EntryKind.BINDING, "c"))
    found = backend.access.list(tenant, EVERY, 9)
    policy, quotas = policy_of(found), quotas_of(found)
    assert (policy.roles, [each.name for each in policy.bindings]) == ({}, ["c"])
    assert (quotas.stopped, quotas.audits_all) == (True, True)


class TestTables:
    def test_what_a_later_release_wrote_is_named_and_left_alone(self, ministack_aws: Aws, tenant: str) -> None:
        aws, later = ministack_aws, {FORMAT: {"N": "9"}}
        schedules, access = aws.backend.schedules, aws.backend.access
        role = entry(tenant, EntryKind.ROLE, "one")
        assert schedules.put(schedule(tenant, "one"))
        assert access.put(role)
        harm(aws, SCHEDULES, (tenant, "one"), **later)
        harm(aws, ACCESS, (tenant, "role#one"), **later)
        assert (schedules.list(tenant, 9), access.list(tenant, [EntryKind.ROLE], 9)) == ([], [])
        for ask in (
            lambda: schedules.get(tenant, "one"),
            lambda: schedules.put(copy_with(schedule(tenant, "one"), paused=True)),
            lambda: schedules.discard(tenant, "one"),
            lambda: access.get(tenant, EntryKind.ROLE, "one"),
            lambda: access.put(copy_with(role, changed_by="ada")),
            lambda: access.discard(tenant, EntryKind.ROLE, "one"),
        ):
            with pytest.raises(UnknownFormatError, match=rf"{tenant} \S*one is of format 9"):
                ask()  # type: ignore[no-untyped-call]

    def test_what_somebody_mends_meanwhile_stays(self, ministack_aws: Aws, tenant: str) -> None:
        aws, store, whole = ministack_aws, ministack_aws.backend.schedules, schedule(tenant, "one")
        client, table, key = aws.dynamodb, aws.names.table(SCHEDULES), SCHEDULES.key(tenant, "one")
        assert store.put(whole)
        item = client.get_item(TableName=table, Key=key)["Item"]

        request: Any = {
            "TableName": table,
            "Item": {**item, "more": {"S": ""}},
            "ConditionExpression": SCHEDULES.absent,
        }
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"

        def mend(_: object) -> None:
            client.put_item(TableName=table, Item=item)
            raise DamagedError

        for change in ({"number": None}, {"document": {"S": "no JSON"}}):
            for is_done in (
                lambda: delete_damaged(client, table, key, mend, item),
                lambda: put_or_mend(client, request, mend) is None,
            ):
                harm(aws, SCHEDULES, (tenant, "one"), **change)
                assert not is_done()
                assert store.get(tenant, "one") == whole

    def test_an_instant_that_is_none_keeps_no_schedule_waiting(self, ministack_aws: Aws, tenant: str) -> None:
        store = ministack_aws.backend.schedules
        for name in ("one", "other"):
            assert store.put(schedule(tenant, name))
        harm(ministack_aws, SCHEDULES, (tenant, "one"), **{BY_SCHEDULE_DUE.sort: {"S": "0"}})
        assert [name for owner, name, _ in store.due(NOW, 1_000) if owner == tenant] == ["other"]
        assert store.discard(tenant, "one")

    def test_a_slot_whose_holder_nobody_can_tell_is_taken(self, ministack_aws: Aws, tenant: str) -> None:
        usage = ministack_aws.backend.usage
        slots = [StartSlot(tenant, number, "a", NOW) for number in range(2)]
        assert all(usage.take(slot, None) for slot in slots)
        harm(ministack_aws, USAGE, (tenant, "slot#00000"), takenAt=None)
        assert usage.slots(tenant, 2) == slots[1:]
        mine = copy_with(slots[0], holder="b", taken_at=NOW + timedelta(hours=1))
        assert usage.take(mine, None)
        assert not usage.take(slots[0], None)
        assert usage.slots(tenant, 2) == [mine, slots[1]]

    def test_a_newest_version_is_put_in_place_of_a_damaged_one(self, ministack_aws: Aws, tenant: str) -> None:
        store = ministack_aws.backend.definitions
        first, second = (definition(tenant, "one", version=number) for number in (1, 2))
        assert store.put_newest(second)
        assert not store.put_newest(first)
        harm(ministack_aws, DEFINITIONS, (tenant, "one"), document={"S": "no JSON"})
        with pytest.raises(DamagedError, match=f"definition {tenant} one cannot be read"):
            store.newest(tenant, "one")
        assert store.put_newest(first)
        assert store.newest(tenant, "one") == first

    def test_a_damaged_version_stays_where_it_is(self, ministack_aws: Aws, tenant: str) -> None:
        store = ministack_aws.backend.definitions
        first, second = (definition(tenant, "one", version=number) for number in (1, 2))
        assert store.add(first)
        assert store.add(second)
        harm(ministack_aws, DEFINITION_VERSIONS, (tenant, "one@00002"), digest=None)
        assert not store.add(second)
        assert [each.version for each in store.versions(tenant, "one", 9)] == [1]
