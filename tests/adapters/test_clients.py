import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.aws import clients as aws_clients


def test_a_client_is_made_once() -> None:
    assert clients.dynamodb() is clients.dynamodb()
    assert clients.sqs() is clients.sqs()
    assert clients.ssm() is clients.ssm()
    assert clients.secretsmanager() is clients.secretsmanager()
    assert clients.s3() is clients.s3()
    assert clients.sqs("http://127.0.0.1:9") is not clients.sqs()


def test_clients_wait_and_try_only_so_long() -> None:
    for client in (clients.dynamodb(), clients.sqs(), clients.ssm(), clients.secretsmanager(), clients.s3()):
        config = client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (2, 5)
        assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_clients_name_sedo_and_its_version_and_nothing_else(ministack: str) -> None:
    version = tomllib.loads(Path("pyproject.toml").read_text())["project"]["version"]
    client, agents = clients.dynamodb(ministack), []
    client.meta.events.register("before-send.*", lambda request, **_: agents.append(request.headers["User-Agent"]))
    client.list_tables()
    assert agents == [f"sedo/{version}".encode()]


def test_clients_leave_it_to_aws_to_check_parameters(ministack: str) -> None:
    with pytest.raises(clients.dynamodb(ministack).exceptions.ClientError):
        clients.dynamodb(ministack).get_item(TableName="", Key={})


def test_threads_that_ask_at_the_same_time_get_one_client() -> None:
    together = Barrier(8)

    def ask(_: int) -> object:
        together.wait()
        return aws_clients.client("sts", "us-east-1", 7, "http://127.0.0.1:9")

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(ask, range(8))
    assert all(other is first for other in others)
