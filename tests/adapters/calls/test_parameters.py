from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters import clients
from chalicelib.adapters.calls.parameters import Reader, managed_secrets, parameters
from chalicelib.core.values.errors import UnavailableError
from local.child import free_port
from tests.adapters.dynamodb.test_faults import refusal
from tests.adapters.examples import fresh

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_ssm.client import SSMClient


@dataclass(frozen=True, slots=True)
class Store:
    client: "SSMClient | SecretsManagerClient"
    read: Reader
    write: Callable[[str, str], object]


def parameter_store(endpoint: str) -> Store:
    ssm = clients.ssm(endpoint)
    return Store(
        ssm, parameters(lambda: ssm), lambda path, text: ssm.put_parameter(Name=path, Value=text, Type="SecureString")
    )


def secrets_manager(endpoint: str) -> Store:
    manager = clients.secretsmanager(endpoint)
    return Store(
        manager,
        managed_secrets(lambda: manager),
        lambda path, text: manager.create_secret(Name=path, SecretString=text),
    )


KINDS = [parameter_store, secrets_manager]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, ministack: str) -> Store:
    return request.param(ministack)


@pytest.fixture
def path() -> str:
    return f"/{fresh('parameters')}/x"


@contextmanager
def answering(store: Store, status: int, code: str) -> Iterator[None]:
    def handle(request: object, **_: object) -> object:
        return refusal(status, code)(request)

    store.client.meta.events.register("before-send", handle)
    try:
        yield
    finally:
        store.client.meta.events.unregister("before-send", handle)


def test_a_text_is_read_as_it_was_written(store: Store, path: str) -> None:
    store.write(path, 'p@ss wörd "1"')
    assert store.read(path) == 'p@ss wörd "1"'


def test_a_path_with_nothing_there_reads_as_none(store: Store, path: str) -> None:
    assert store.read(path) is None


def test_a_secret_of_bytes_reads_as_none(ministack: str, path: str) -> None:
    store = secrets_manager(ministack)
    store.client.create_secret(Name=path, SecretBinary=b"bytes")
    assert store.read(path) is None


def test_a_secret_that_waits_for_its_deletion_reads_as_none(ministack: str, path: str) -> None:
    store = secrets_manager(ministack)
    store.write(path, "text")
    store.client.delete_secret(SecretId=path)
    assert store.read(path) is None


@pytest.mark.parametrize(("status", "code"), [(400, "ThrottlingException"), (500, "InternalServerError")])
@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_that_passes_is_told_as_unavailable(kind: Callable[[str], Store], status: int, code: str) -> None:
    store = kind("http://127.0.0.1:9")
    with answering(store, status, code), pytest.raises(UnavailableError, match=code):
        store.read("/x")


@pytest.mark.parametrize("kind", KINDS)
def test_a_mistake_is_not_told_as_unavailable(kind: Callable[[str], Store]) -> None:
    store = kind("http://127.0.0.1:9")
    with answering(store, 400, "AccessDeniedException"), pytest.raises(ClientError, match="AccessDenied"):
        store.read("/x")


@pytest.mark.parametrize("kind", KINDS)
def test_a_refused_connection_is_told_as_unavailable(kind: Callable[[str], Store]) -> None:
    with pytest.raises(UnavailableError):
        kind(f"http://127.0.0.1:{free_port()}").read("/x")


def test_a_client_is_made_only_once_something_is_read(ministack: str, path: str) -> None:
    made: list[str] = []

    def client() -> "SSMClient":
        made.append("ssm")
        return clients.ssm(ministack)

    read = parameters(client)
    assert made == []
    read(path)
    assert made == ["ssm"]
