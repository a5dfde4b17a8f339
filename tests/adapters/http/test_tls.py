"""Whom http calls believe to be who they are."""

from typing import Any

import pytest

from tests.adapters.http.examples import KEY, always, http_calls, refusal
from tests.certificates import Authority
from tests.loopback import loopback


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_a_certificate_for_the_name_is_good_whatever_the_address_is(authority: Authority) -> None:
    with loopback(authority.server("api.example.test")) as server:
        sender = http_calls(local=["api.example.test"], resolve=always("127.0.0.1"), ca_file=str(authority.file))
        result: Any = sender({"url": f"https://API.example.test:{server.port}/"}, KEY)
        assert result["body"]["headers"]["host"] == f"api.example.test:{server.port}"


def test_a_certificate_can_be_for_an_address(authority: Authority) -> None:
    with loopback(authority.server("127.0.0.1")) as server:
        result: Any = http_calls(ca_file=str(authority.file))({"url": server.url}, KEY)
        assert result["status"] == 200


def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    with loopback(authority.server("other.example.test")) as server:
        sender = http_calls(local=["api.example.test"], resolve=always("127.0.0.1"), ca_file=str(authority.file))
        error = refusal(f"https://api.example.test:{server.port}/", sender)
        assert error.name == "http.Tls"
        assert "api.example.test" in str(error)
        assert server.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority) -> None:
    with loopback(authority.server("127.0.0.1")) as server:
        error = refusal(server.url)
        assert (error.name, error.unanswered) == ("http.Tls", False)
        assert server.requests == []


def test_a_server_that_speaks_no_tls_is_refused() -> None:
    with loopback() as server:
        assert refusal(server.url.replace("http:", "https:")).name == "http.Tls"


def test_a_call_over_tls_can_be_large_in_both_directions(authority: Authority) -> None:
    with loopback(authority.server("127.0.0.1")) as server:
        result: Any = http_calls(ca_file=str(authority.file))(
            {"url": server.url, "method": "POST", "body": "x" * 1_000_000}, KEY
        )
        assert result["body"]["body"] == '"' + "x" * 1_000_000 + '"'


def test_the_authorities_of_the_system_are_trusted_by_default() -> None:
    assert http_calls()._context.cert_store_stats()  # noqa: SLF001 - a public server is out of reach
