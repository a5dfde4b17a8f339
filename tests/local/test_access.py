"""sedo on this machine, where callers have to show who they are: from the first key on, over HTTP."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.local.running import PROJECT, Sedo

ECHO = json.dumps({"id": "hello", "steps": [{"id": "rest", "type": "wait", "seconds": 600}]}).encode()
T = "/sedo/tenants/123"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def sedo(home: Path, ministack_python: Path) -> Iterator[Sedo]:
    with Sedo(home, ministack_python, project=PROJECT, SEDO_AUTH="jwt,keys") as sedo:
        said = sedo.read_until("Ctrl-C stops it")
        assert "make token ROLE=admin TENANT=123" in said
        assert "NOBODY IS ASKED" not in said
        yield sedo


def token(home: Path, **wanted: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "SEDO_HOME": str(home), **wanted}
    return subprocess.run(
        [sys.executable, "-m", "local.access"],
        cwd=PROJECT,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


def shown(home: Path, tenant: str = "123", **wanted: str) -> Mapping[str, str]:
    """Make a key or a token, and answer the header fields of a request with it."""
    made = token(home, TENANT=tenant, **wanted)
    assert made.returncode == 0, made.stderr
    return {"Content-Type": "application/json", "Authorization": f"Bearer {made.stdout.strip()}"}


@pytest.mark.timeout(120)
def test_an_author_creates_a_viewer_sees_and_an_operator_cancels(sedo: Sedo, home: Path) -> None:
    author, viewer, operator = (shown(home, ROLE=role) for role in ("author", "viewer", "operator"))
    assert sedo.ask("POST", T + "/definitions", ECHO, author)[0] == 201
    status, started = sedo.ask("POST", T + "/definitions/hello/execute", b"{}", author)
    assert status == 201
    path = f"{T}/executions/{started['id']}"
    assert sedo.ask("GET", path, headers=viewer)[1]["id"] == started["id"]
    status, problem = sedo.ask("POST", path + "/cancel", b"{}", viewer)
    assert (status, problem["title"]) == (403, "a right is missing")
    assert "executions:operate of 'hello'" in problem["detail"]
    status, cancelled = sedo.ask("POST", path + "/cancel", b"{}", operator)
    assert (status, cancelled["state"]) == (200, "ExecutionCancelled")
    assert cancelled["stoppedBy"].startswith("key:")
    assert sedo.ask("GET", path.replace("123", "124"), headers=operator)[0] == 404
    entries = sedo.ask("GET", T + "/audit?sort=number", headers=shown(home, ROLE="admin"))[1]
    assert [(each["what"], each["result"]) for each in entries] == [
        ("definition.created", "made"),
        ("execution.cancelled", "refused"),
        ("execution.cancelled", "made"),
    ]
    assert entries[2]["who"]["subject"] == cancelled["stoppedBy"]


@pytest.mark.timeout(60)
def test_a_token_names_a_user_who_has_the_role(sedo: Sedo, home: Path) -> None:
    ada = shown(home, "125", ROLE="viewer", AUTH="jwt", SUBJECT="ada")
    assert sedo.ask("GET", "/sedo/tenants/125/definitions", headers=ada)[0] == 200
    assert sedo.ask("POST", "/sedo/tenants/125/definitions", ECHO, ada)[0] == 403
    assert sedo.ask("GET", T + "/definitions", headers=ada)[0] == 404


@pytest.mark.timeout(60)
def test_a_token_for_another_user_leaves_a_binding_as_it_is_but_for_that_user(sedo: Sedo, home: Path) -> None:
    admin = shown(home, "126", ROLE="admin")
    place = "/sedo/tenants/126/bindings/first-viewer"
    shown(home, "126", ROLE="viewer", AUTH="jwt", SUBJECT="ada")
    made = sedo.ask("GET", place, headers=admin)[1]
    assert (made["role"], made["subjects"], made["groups"]) == ("viewer", ["ada"], [])
    body = json.dumps({"role": "viewer", "subjects": ["ada"], "groups": ["finance"]}).encode()
    assert sedo.ask("PUT", place, body, admin)[0] == 200
    shown(home, "126", ROLE="viewer", AUTH="jwt", SUBJECT="bob")
    changed = sedo.ask("GET", place, headers=admin)[1]
    assert (changed["subjects"], changed["groups"]) == (["ada", "bob"], ["finance"])


@pytest.mark.timeout(60)
def test_who_shows_nothing_is_refused(sedo: Sedo) -> None:
    status, problem = sedo.ask("GET", T + "/definitions")
    assert (status, problem["title"]) == (401, "Unauthorized")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("tenant", "said"), [("a b", "TENANT=a b is no tenant"), ("123", "there is no role 'admn'")])
def test_a_token_of_no_tenant_or_role_is_not_made(sedo: Sedo, home: Path, tenant: str, said: str) -> None:
    assert sedo.process.poll() is None
    odd = token(home, ROLE="admn", TENANT=tenant)
    assert (odd.returncode, said in odd.stderr, "Traceback" in odd.stderr) == (1, True, False)


def test_what_a_token_needs_is_said(tmp_path: Path) -> None:
    nobody = token(tmp_path, ROLE="admin", TENANT="123")
    assert (nobody.returncode, "start it first" in nobody.stderr) == (1, True)
    nothing = token(tmp_path)
    assert (nothing.returncode, "make token ROLE=admin TENANT=123" in nothing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("auth", "issuer", "wanted", "said"),
    [
        ("none", "", "", "sedo runs with AUTH=none: start it with AUTH=keys"),
        ("keys", "", "jwt", "sedo runs with AUTH=keys: say AUTH=keys here, too"),
        ("keys", "", "ldap", "AUTH=ldap is neither keys nor jwt"),
        ("jwt", "https://issuer.test", "jwt", "tokens are signed by https://issuer.test: ask there"),
    ],
)
def test_a_token_that_would_not_count_is_not_made(
    tmp_path: Path, auth: str, issuer: str, wanted: str, said: str
) -> None:
    running = {"url": "", "endpoint": "http://127.0.0.1:1", "auth": auth, "issuer": issuer}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "running.json").write_text(json.dumps(running))
    made = token(tmp_path, ROLE="admin", TENANT="123", AUTH=wanted)
    assert (made.returncode, made.stderr.strip()) == (1, said)
