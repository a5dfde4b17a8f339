"""Values in a bucket of S3, and the addresses that lead to them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.config import Config
from botocore.session import get_session

from chalicelib.adapters import clients
from chalicelib.adapters.memory.downloads import MemoryDownloads
from chalicelib.adapters.names import Names
from chalicelib.adapters.s3 import S3Downloads
from chalicelib.core.values.errors import PayloadLostError, UnavailableError
from chalicelib.usecases.values import PART_BYTES, DownloadStore
from chalicelib.wiring.aws import adapters
from chalicelib.wiring.settings import Settings
from deploy.policies import FUNCTIONS, DeployedStage, policy
from tests.adapters.examples import fresh
from tests.adapters.test_policies import allows
from tests.clients import ask_other

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

NAMES = Names("sedo-test")
PARTS = (b'"' + b"x" * (PART_BYTES - 1), b'y"')


@dataclass(frozen=True, slots=True)
class Bucket:
    client: "S3Client"
    name: str

    def store(self) -> S3Downloads:
        return S3Downloads(lambda: self.client, self.name, NAMES)


@pytest.fixture
def real(ministack: str) -> Bucket:
    session = get_session()  # of its own: ministack looks whether it knows the keys that sign an address
    session.set_credentials("test", "test")
    config = clients.config(**clients.OF_SERVICE["s3"])
    made = Bucket(session.create_client("s3", "us-east-1", endpoint_url=ministack, config=config), fresh("values"))
    made.client.create_bucket(Bucket=made.name)
    return made


@pytest.fixture(params=["memory", "ministack"])
def store(request: pytest.FixtureRequest) -> DownloadStore:
    return MemoryDownloads() if request.param == "memory" else request.getfixturevalue("real").store()


def test_one_is_there_once_all_of_it_is(store: DownloadStore) -> None:
    assert not store.has("t/1")
    store.put("t/1", PARTS)
    assert (store.has("t/1"), store.has("t/2")) == (True, False)


def test_one_whose_parts_end_early_is_not_there(store: DownloadStore) -> None:
    def broken() -> Iterator[bytes]:
        yield PARTS[0]
        raise PayloadLostError

    with pytest.raises(PayloadLostError):
        store.put("t/1", broken())
    assert not store.has("t/1")


@pytest.mark.parametrize("parts", [PARTS, PARTS[1:]])
def test_its_address_leads_to_it_for_five_minutes(real: Bucket, parts: Sequence[bytes]) -> None:
    store = real.store()
    store.put("t/1", parts)
    address = urlsplit(store.link("t/1"))
    assert address.path == f"/{real.name}/sedo-test/t/1"
    query = parse_qs(address.query)
    assert (query["X-Amz-Expires"], query["X-Amz-Algorithm"]) == (["300"], ["AWS4-HMAC-SHA256"])
    target = f"{address.path}?{address.query}"
    status, fields, body = ask_other(address.netloc, "GET", target, b"", {})
    assert (status, body) == (200, b"".join(parts))
    assert fields["Content-Type"] == "application/json"
    assert fields["Content-Disposition"] == 'attachment; filename="value.json"'
    assert fields["Cache-Control"] == "no-store"
    assert ask_other(address.netloc, "GET", target.replace("/t/1", "/t/2"), b"", {})[0] == 403


def test_the_function_of_the_api_may_do_all_that_it_does_below_the_prefix_and_nobody_else(real: Bucket) -> None:
    asked: set[tuple[str, str]] = set()

    def record(params: dict[str, Any], model: Any, **_: object) -> None:
        action = "GetObject" if model.name in {"HeadObject", "GetObject"} else "PutObject"
        asked.add((f"s3:{action}", f"arn:aws:s3:::{params['Bucket']}/{params['Key']}"))

    real.client.meta.events.register("provide-client-params", record)
    store = real.store()
    store.has("t/1")
    store.put("t/1", PARTS)
    store.link("t/1")
    real.client.meta.events.unregister("provide-client-params", record)
    assert {action for action, _ in asked} == {"s3:GetObject", "s3:PutObject"}
    with_one = DeployedStage("sedo", "prod", Settings(prefix="sedo-test", values_bucket=real.name))
    without = DeployedStage("sedo", "prod", Settings(prefix="sedo-test"))
    for function in FUNCTIONS:
        made = policy(function, with_one)
        assert {allows(made, *call) for call in asked} == {function == "api_handler"}
        assert not any(allows(made, action, arn.replace("sedo-test", "other")) for action, arn in asked)
        assert "s3:" not in str(policy(function, without))


def test_a_bucket_that_is_not_there_is_a_mistake_and_one_that_does_not_answer_is_unavailable(real: Bucket) -> None:
    missing = Bucket(real.client, fresh("values")).store()
    assert not missing.has("t/1")
    with pytest.raises(real.client.exceptions.NoSuchBucket):
        missing.put("t/1", PARTS[1:])
    once = clients.config().merge(Config(retries={"total_max_attempts": 1}))
    silent = S3Downloads(lambda: clients.make("s3", None, "http://127.0.0.1:9", once), "values", NAMES)
    for ask in (lambda: silent.has("t/1"), lambda: silent.put("t/1", PARTS[1:])):
        with pytest.raises(UnavailableError):
            ask()


def test_there_are_none_without_a_bucket() -> None:
    made = [adapters(Settings(values_bucket=name), "http://127.0.0.1:9").downloads for name in ("", "values")]
    assert [type(each) for each in made] == [type(None), S3Downloads]
