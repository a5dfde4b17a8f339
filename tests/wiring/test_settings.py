import ast
from base64 import b64encode
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import pytest

from app import app
from chalicelib.adapters.aws import allow
from chalicelib.adapters.http import gate
from chalicelib.core.values.errors import SetupError
from chalicelib.wiring import graph
from chalicelib.wiring.settings import Settings, this_function, variables
from tests.clients import HeldClient

PROJECT = Path(__file__).parents[2]
KEY = f"one:{b64encode(bytes(32)).decode()}"


def test_without_variables_there_is_a_default_for_each() -> None:
    assert Settings.from_environment({}) == Settings() == Settings.from_environment({"SEDO_PREFIX": " "})
    assert (Settings().prefix, Settings().stores, Settings().secrets) == ("sedo", "aws", "ssm")
    assert not Settings().reports_failures
    assert Settings().names.work == "sedo_execution-processor-queue"


def test_every_variable_is_read() -> None:
    settings = Settings.from_environment(
        {
            "SEDO_PREFIX": "sedo-prod",
            "SEDO_STORES": "memory",
            "SEDO_SECRETS": "secretsmanager",
            "SEDO_TOKEN_KEYS": KEY,
            "SEDO_HTTP_ALLOW": "127.0.0.1, *.corp.test",
            "SEDO_AWS_ALLOW": "sqs:SendMessage dynamodb:*",
            "SEDO_LAMBDA_ALLOW": "orders-*",
            "SEDO_REPORTS_FAILURES": "true",
            "SEDO_AUTH": "jwt, keys",
            "SEDO_JWT_ISSUER": "https://issuer.test",
            "SEDO_JWT_AUDIENCE": "sedo",
            "SEDO_LOOPBACK": "false",
            "SEDO_LIST_INDEXES": "definition, startedBy@2026-01-31T09:00:00Z",
            "SEDO_VALUES_BUCKET": "sedo-values.example",
        }
    )
    assert (settings.prefix, settings.stores, settings.secrets) == ("sedo-prod", "memory", "secretsmanager")
    assert settings.token_keys is not None
    assert [key.id for key in settings.token_keys] == ["one"]
    assert settings.http_hosts == {"127.0.0.1", "*.corp.test"}
    assert (settings.aws_actions, settings.lambda_functions) == (("sqs:SendMessage", "dynamodb:*"), ("orders-*",))
    assert (settings.reports_failures, settings.is_alone, settings.auth) == (True, False, {"jwt", "keys"})
    assert settings.list_indexes == [("definition", None), ("startedBy", datetime(2026, 1, 31, 9, tzinfo=UTC))]
    assert settings.values_bucket == "sedo-values.example"
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("SEDO_PREFIX", "se do", "SEDO_PREFIX=se do: it has 1 to 42 characters of A-Za-z0-9_-"),
        ("SEDO_PREFIX", "x" * 43, "it has 1 to 42 characters of A-Za-z0-9_-"),
        ("SEDO_STORES", "redis", "SEDO_STORES=redis: it is aws or memory"),
        ("SEDO_SECRETS", "vault", "SEDO_SECRETS=vault: it is ssm or secretsmanager"),
        ("SEDO_TOKEN_KEYS", "one", "SEDO_TOKEN_KEYS: key 1 is not an id, a colon and base64"),
        ("SEDO_HTTP_ALLOW", "http://x", "SEDO_HTTP_ALLOW=http://x: 'http://x' is no host: write example.com"),
        ("SEDO_AWS_ALLOW", "sqs", "SEDO_AWS_ALLOW=sqs: 'sqs' is no action: write sqs:SendMessage"),
        ("SEDO_LAMBDA_ALLOW", "a:b", "SEDO_LAMBDA_ALLOW=a:b: 'a:b' is no name of a function"),
        ("SEDO_REPORTS_FAILURES", "yes", "SEDO_REPORTS_FAILURES=yes: it is true or false"),
        ("SEDO_LIST_INDEXES", "state", "SEDO_LIST_INDEXES=state: 'state' is none of definition and startedBy"),
        ("SEDO_VALUES_BUCKET", "s3://values", "it is the name of a bucket: 3 to 63 characters of a-z0-9.-"),
        ("SEDO_CONSOLE_ORIGINS", "https://a.test; script-src *", "is no origin"),
        ("SEDO_CONSOLE_ORIGINS", "*", "'*' is no origin: it is like https://login.example.com"),
        ("SEDO_CONSOLE_CLIENT", "page", "SEDO_CONSOLE_CLIENT is set, and SEDO_AUTH has no jwt"),
        ("SEDO_VALUES_BUCKET", "ab", "it is the name of a bucket"),
        ("SEDO_LIST_INDEXES", "definition@2026-01-31", "'2026-01-31' has no offset from UTC"),
    ],
)
def test_what_is_wrong_is_told_with_its_name_and_what_would_be_right(name: str, text: str, message: str) -> None:
    with pytest.raises(SetupError) as error:
        Settings.from_environment({name: text})
    assert message in str(error.value)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SetupError, match=r"SEDO_STORES=a: .*; SEDO_SECRETS=b: "):
        Settings.from_environment({"SEDO_STORES": "a", "SEDO_SECRETS": "b"})


def test_the_longest_prefix_fits_into_the_name_of_every_queue() -> None:
    assert max(map(len, Settings.from_environment({"SEDO_PREFIX": "x" * 42}).names.queues)) == 80


def test_every_variable_says_what_it_does() -> None:
    described = dict(variables())
    assert {allow.ACTIONS, allow.FUNCTIONS, gate.SETTING} <= described.keys()
    assert all(name.startswith("SEDO_") and about.endswith(")") for name, about in described.items())


@pytest.mark.parametrize(("kind", "is_prepared"), [("on-demand", False), ("snap-start", True)])
def test_a_function_that_is_made_ready_before_its_first_call_loads_all_at_once(
    monkeypatch: pytest.MonkeyPatch, kind: str, *, is_prepared: bool
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "sedo-prod")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    assert this_function() == ("sedo-prod", 1024, is_prepared)


def test_nothing_else_reads_the_environment() -> None:
    reading = set()
    for path in (PROJECT / "app.py", *(PROJECT / "chalicelib").rglob("*.py")):
        tree = ast.walk(ast.parse(path.read_text()))
        names = {getattr(node, "attr", None) or getattr(node, "id", None) for node in tree}
        if names & {"environ", "getenv"}:
            reading.add(path.relative_to(PROJECT).as_posix())
    assert reading == {"chalicelib/wiring/settings.py"}


def test_those_of_the_stage_count_in_chalices_test_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEDO_STORES", "memory")
    monkeypatch.delenv("SEDO_LOOPBACK", raising=False)
    graph.wiring.cache_clear()
    mine = "/sedo/tenants/123/tasks?mine=true"
    assert (
        HeldClient(app, "local", str(PROJECT)).http.get(mine, headers={"X-Sedo-User": "ada"}).status_code
        == HTTPStatus.OK
    )
    graph.wiring.cache_clear()
