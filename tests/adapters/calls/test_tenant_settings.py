import json

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.calls.parameters import parameters
from chalicelib.adapters.calls.tenant_settings import CachedTenantSettings, TenantSettings
from chalicelib.adapters.http.addresses import matches
from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.adapters.names import Names
from chalicelib.core.values.errors import StepError, UnavailableError
from tests.adapters.examples import NOW, fresh

PATH = "/sedo/t/settings"


class World:
    """Settings in a dict, whose reads are counted."""

    def __init__(self, text: str | None = None) -> None:
        self.texts = {} if text is None else {PATH: text}
        self.reads: list[str] = []
        self.clock = MemoryClock(NOW)
        self.settings = CachedTenantSettings(self.read, Names("sedo"), self.clock.now)

    def read(self, path: str) -> str | None:
        self.reads.append(path)
        return self.texts.get(path)


def settings_of(text: str) -> TenantSettings:
    return World(text).settings.of("t")


def test_settings_are_a_parameter_of_the_tenant(ministack: str) -> None:
    names, ssm = Names(fresh("settings")), clients.ssm(ministack)
    document = {
        "http": {"hosts": ["api.example.com", "*.example.com"]},
        "aws": {"actions": ["sqs:SendMessage", "s3:Get*"]},
        "lambda": {"functions": ["orders-*"]},
    }
    ssm.put_parameter(Name=f"/{names.prefix}/t/settings", Value=json.dumps(document), Type="String")
    settings = CachedTenantSettings(parameters(lambda: ssm), names, lambda: NOW)
    assert settings.of("t") == TenantSettings(
        ["api.example.com", "*.example.com"], ["sqs:SendMessage", "s3:Get*"], ["orders-*"]
    )
    assert settings.of("u") == TenantSettings(None, None, None)


@pytest.mark.parametrize("text", ["{}", '{"http": {}, "aws": {}, "lambda": {}}'])
def test_what_is_not_named_is_not_restricted(text: str) -> None:
    assert settings_of(text) == TenantSettings(None, None, None)


def test_an_empty_list_is_not_the_same_as_none() -> None:
    assert settings_of('{"http": {"hosts": []}}') == TenantSettings([], None, None)


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
    settings = settings_of(json.dumps({"http": {"hosts": [entry]}}))
    assert settings == TenantSettings([entry])
    assert matches(settings.http_hosts or [], host, 8443)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "Expecting value"),
        ("{", "line 1"),
        ("[]", "it: "),
        ("null", "it: "),
        ('{"https": {}}', "'https' was unexpected"),
        ('{"http": {"host": []}}', "/http: .*'host' was unexpected"),
        ('{"http": null}', "/http: "),
        ('{"http": {"hosts": "*"}}', "/http/hosts: "),
        ('{"http": {"hosts": null}}', "/http/hosts: "),
        ('{"http": {"hosts": ["a.com", 1]}}', "/http/hosts/1: "),
        ('{"http": {"hosts": ["https://a.com"]}}', "/http/hosts/0: "),
        ('{"http": {"hosts": ["A.com"]}}', "/http/hosts/0: "),
        ('{"http": {"hosts": ["a.*.com"]}}', "/http/hosts/0: "),
        ('{"http": {"hosts": [""]}}', "/http/hosts/0: "),
        ('{"aws": {"actions": ["SendMessage"]}}', "/aws/actions/0: "),
        ('{"http": {"hosts": ["::1"]}}', "/http/hosts/0: "),
        ('{"lambda": {"functions": ["a b"]}}', "/lambda/functions/0: "),
        ('{"lambda": {"functions": ["arn:aws:lambda:eu-west-1:123456789012:function:a"]}}', "/lambda/functions/0: "),
        ('{"http": {"hosts": []}, "http": {}}', "a key stands twice"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_malformed_settings_allow_nothing_and_are_told_with_their_parameter(text: str, what: str) -> None:
    with pytest.raises(StepError, match=f"the parameter {PATH} is malformed: .*{what}") as error:
        settings_of(text)
    assert error.value.name == "InvalidSettings"


def test_settings_are_kept_for_five_minutes() -> None:
    world = World()
    assert world.settings.of("t") == TenantSettings()
    world.texts[PATH] = '{"http": {"hosts": []}}'
    world.clock.sleep(299)
    assert world.settings.of("t") == TenantSettings()
    world.clock.sleep(1)
    assert world.settings.of("t") == TenantSettings([])
    assert len(world.reads) == 2


def test_malformed_settings_are_kept_for_ten_seconds() -> None:
    world = World("{")
    for _ in range(2):
        with pytest.raises(StepError):
            world.settings.of("t")
    assert len(world.reads) == 1
    world.texts[PATH] = "{}"
    world.clock.sleep(10)
    assert world.settings.of("t") == TenantSettings()


def test_settings_that_cannot_be_read_are_not_taken_for_missing() -> None:
    def read(path: str) -> str | None:
        raise UnavailableError

    with pytest.raises(UnavailableError):
        CachedTenantSettings(read, Names("sedo"), lambda: NOW).of("t")
