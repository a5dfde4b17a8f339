import tomllib
from pathlib import Path

from chalicelib.adapters import clients


def test_a_client_is_made_once() -> None:
    assert clients.dynamodb() is clients.dynamodb()
    assert clients.sqs() is clients.sqs()
    assert clients.ssm() is clients.ssm()
    assert clients.secretsmanager() is clients.secretsmanager()
    assert clients.sqs("http://127.0.0.1:9") is not clients.sqs()


def test_clients_wait_and_try_only_so_long() -> None:
    for client in (clients.dynamodb(), clients.sqs(), clients.ssm(), clients.secretsmanager()):
        config = client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (2, 5)
        assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_clients_name_sedo_and_its_version() -> None:
    version = tomllib.loads(Path("pyproject.toml").read_text())["project"]["version"]
    assert clients.dynamodb().meta.config.user_agent.endswith(f"sedo/{version}")
