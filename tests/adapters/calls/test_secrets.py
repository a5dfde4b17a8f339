import copy
import json
import pickle
from collections.abc import Callable

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.calls import secrets
from chalicelib.adapters.calls.parameters import managed_secrets, parameters
from chalicelib.adapters.calls.secrets import Secret, Secrets, in_parameters, in_secrets_manager
from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.adapters.names import Names
from chalicelib.core.values.errors import StepError, UnavailableError
from tests.adapters.examples import NOW, fresh

NAMES = Names("sedo")


class World:
    """Secrets in a dict, whose reads are counted."""

    def __init__(self, **texts: str) -> None:
        self.texts = {f"/sedo/t/secrets/{name}": text for name, text in texts.items()}
        self.reads: list[str] = []
        self.clock = MemoryClock(NOW)
        self.secrets = Secrets(in_parameters(self.read, NAMES), self.clock.now)

    def read(self, path: str) -> str | None:
        self.reads.append(path)
        return self.texts.get(path)


def test_a_secret_is_a_secure_string_below_its_tenant(ministack: str) -> None:
    names, ssm = Names(fresh("secrets")), clients.ssm(ministack)
    ssm.put_parameter(Name=f"/{names.prefix}/t/secrets/shop/key", Value="hunter2", Type="SecureString")
    found = Secrets(in_parameters(parameters(lambda: ssm), names), lambda: NOW)
    assert found.get("t", "shop/key") == "hunter2"
    with pytest.raises(StepError):
        found.get("u", "shop/key")


def test_a_secret_is_in_secrets_manager_below_its_tenant(ministack: str) -> None:
    names, manager = Names(fresh("secrets")), clients.secretsmanager(ministack)
    manager.create_secret(Name=f"{names.prefix}/t/shop/key", SecretString="hunter2")
    found = Secrets(in_secrets_manager(managed_secrets(lambda: manager), names), lambda: NOW)
    assert found.get("t", "shop/key") == "hunter2"
    with pytest.raises(StepError, match=f"create the text secret of Secrets Manager {names.prefix}/u/shop/key"):
        found.get("u", "shop/key")


def test_a_secret_that_is_not_there_is_named_with_the_path_to_create() -> None:
    with pytest.raises(StepError, match="create the SecureString parameter /sedo/t/secrets/key") as error:
        World().secrets.get("t", "key")
    assert error.value.name == "SecretNotFound"


def test_a_secret_is_kept_for_five_minutes() -> None:
    world = World(key="one")
    assert world.secrets.get("t", "key") == "one"
    world.texts["/sedo/t/secrets/key"] = "two"
    world.clock.sleep(299)
    assert world.secrets.get("t", "key") == "one"
    world.clock.sleep(1)
    assert world.secrets.get("t", "key") == "two"


def test_that_a_secret_is_not_there_is_kept_for_ten_seconds() -> None:
    world = World()
    with pytest.raises(StepError):
        world.secrets.get("t", "key")
    world.texts["/sedo/t/secrets/key"] = "one"
    with pytest.raises(StepError):
        world.secrets.get("t", "key")
    assert len(world.reads) == 1
    world.clock.sleep(10)
    assert world.secrets.get("t", "key") == "one"


def test_a_store_that_does_not_answer_is_asked_again() -> None:
    answers = iter([UnavailableError(), "one"])

    def read(path: str) -> str:
        if isinstance(answer := next(answers), Exception):
            raise answer
        return answer

    found = Secrets(in_parameters(read, NAMES), lambda: NOW)
    with pytest.raises(UnavailableError):
        found.get("t", "key")
    assert found.get("t", "key") == "one"


@pytest.mark.parametrize("name", ["a", "a.b", ".a", "a..b", "A_b-c.9", "a/b/c", "a/.b", "x" * 128])
def test_a_name_has_parts_below_its_tenant(name: str) -> None:
    world = World()
    world.texts[f"/sedo/t/secrets/{name}"] = "hunter2"
    assert world.secrets.get("t", name) == "hunter2"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "...",
        "../a",
        "a/../b",
        "a/..",
        "a/./b",
        "a b",
        "a\n",
        "a:1",
        "a%2Fb",
        "*",
    ],
)
def test_a_name_cannot_leave_its_tenant(name: str) -> None:
    world = World()
    with pytest.raises(StepError, match="is not the name of a secret") as error:
        world.secrets.get("t", name)
    assert error.value.name == "SecretNotFound"
    assert world.reads == []


@pytest.mark.parametrize("name", ["ä", "{tenant}", "x" * 129])
def test_a_name_is_short_and_plain(name: str) -> None:
    with pytest.raises(StepError, match="is not the name of a secret"):
        World().secrets.get("t", name)


@pytest.mark.parametrize("tenant", ["", "..", "a/b", "u/secrets", "a\n", "{name}", "x" * 65])
def test_what_is_no_tenant_has_no_secrets(tenant: str) -> None:
    world = World()
    with pytest.raises(StepError):
        world.secrets.get(tenant, "key")
    assert world.reads == []


def test_tenants_do_not_share_what_is_kept() -> None:
    world = World(key="mine")
    world.texts["/sedo/u/secrets/key"] = "theirs"
    assert [world.secrets.get(tenant, "key") for tenant in ("t", "u", "t")] == ["mine", "theirs", "mine"]


@pytest.mark.parametrize("shown", [repr, str, "{}".format, "{!r}".format, "%s".__mod__, lambda secret: f"{[secret]}"])
def test_a_secret_does_not_show_its_value(shown: Callable[[Secret], str]) -> None:
    assert shown(Secret("hunter2")).strip("[]") == "***"


@pytest.mark.parametrize("written", [json.dumps, pickle.dumps, copy.copy, copy.deepcopy, vars])
def test_a_secret_is_not_written_or_copied(written: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError) as error:
        written(Secret("hunter2"))
    assert "hunter2" not in str(error.value)
    assert Secret("hunter2").reveal() == "hunter2"


def test_each_service_has_paths_of_its_own() -> None:
    assert secrets.source_of("ssm", NAMES).path == "/sedo/{tenant}/secrets/{name}"
    assert secrets.source_of("secretsmanager", NAMES).path == "sedo/{tenant}/{name}"
