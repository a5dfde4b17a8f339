"""What a tenant may reach."""

from typing import Any

import pytest

from chalicelib.adapters.calls.tenant_settings import CachedTenantSettings, TenantSettings
from chalicelib.adapters.http.addresses import matches
from chalicelib.adapters.memory.access import MemoryAccess
from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.core.access.entries import AccessEntry, EntryKind
from chalicelib.core.values.errors import DamagedError, UnavailableError
from tests.adapters.examples import NOW


class World:
    """Records of tenants in memory, whose reads are counted."""

    def __init__(self, settings: Any = None) -> None:
        self.store, self.clock, self.reads = MemoryAccess(), MemoryClock(NOW), list[str]()
        self.settings = CachedTenantSettings(self.read, self.clock.now)
        if settings is not None:
            self.write(settings)

    def write(self, settings: Any) -> None:
        self.store.put(AccessEntry("t", EntryKind.TENANT, "", {"title": "", "settings": settings}, NOW))

    def read(self, tenant: str) -> AccessEntry | None:
        self.reads.append(tenant)
        return self.store.get(tenant, EntryKind.TENANT, "")


def settings_of(settings: Any) -> TenantSettings:
    return World(settings).settings.of("t")


def test_settings_are_in_the_record_of_the_tenant() -> None:
    world = World(
        {
            "http": {"hosts": ["api.example.com", "*.example.com"]},
            "aws": {"actions": ["sqs:SendMessage", "s3:Get*"]},
            "lambda": {"functions": ["orders-*"]},
        }
    )
    assert world.settings.of("t") == TenantSettings(
        ["api.example.com", "*.example.com"], ["sqs:SendMessage", "s3:Get*"], ["orders-*"]
    )
    assert world.settings.of("u") == TenantSettings(None, None, None)


@pytest.mark.parametrize("settings", [None, {}, {"http": {}, "aws": {}, "lambda": {}}])
def test_what_is_not_named_is_not_restricted(settings: Any) -> None:
    assert settings_of(settings) == TenantSettings(None, None, None)


def test_calls_wait_while_the_record_is_damaged() -> None:
    world = World()
    world.store.entries["t", EntryKind.TENANT, ""] = DamagedError("tenant t cannot be read")
    with pytest.raises(UnavailableError, match="tenant t cannot be read"):
        world.settings.of("t")
    assert world.store.discard("t", EntryKind.TENANT, "")
    assert world.settings.of("t") == TenantSettings(None, None, None)


def test_an_empty_list_is_not_the_same_as_none() -> None:
    assert settings_of({"http": {"hosts": []}}) == TenantSettings([], None, None)


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("a.com", "a.com"),
        ("a.com:8443", "a.com"),
        ("*.a.com:8443", "b.a.com"),
        ("*", "a.com"),
        ("10.0.0.1", "10.0.0.1"),
        ("[::1]:8443", "::1"),
        ("_a.b-c.com", "_a.b-c.com"),
    ],
)
def test_hosts_are_written_as_requests_are_compared_with_them(entry: str, host: str) -> None:
    assert matches(settings_of({"http": {"hosts": [entry]}}).http_hosts or [], host, 8443)


def test_settings_are_kept_for_five_minutes() -> None:
    world = World()
    assert world.settings.of("t") == TenantSettings()
    world.write({"http": {"hosts": []}})
    world.clock.sleep(299)
    assert world.settings.of("t") == TenantSettings()
    world.clock.sleep(1)
    assert world.settings.of("t") == TenantSettings([])
    assert len(world.reads) == 2


def test_settings_that_cannot_be_read_are_not_taken_for_missing() -> None:
    def read(tenant: str) -> AccessEntry | None:
        raise UnavailableError

    with pytest.raises(UnavailableError):
        CachedTenantSettings(read, lambda: NOW).of("t")
