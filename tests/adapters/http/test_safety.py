"""Where http calls do not go, and with what."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from chalicelib.adapters.http import gate
from chalicelib.adapters.http.gate import addresses_of
from chalicelib.core.executions.identity import CallKey
from tests.adapters.http.examples import KEY, call, http_calls, one_by_one, refusal
from tests.loopback import Loopback, loopback

NAMES = {
    "public.test": ["93.184.215.14"],
    "loop.test": ["127.0.0.1"],
    "loop6.test": ["::1"],
    "mapped.test": ["::ffff:127.0.0.1"],
    "mixed.test": ["93.184.215.14", "127.0.0.1"],
    "mixed6.test": ["2606:4700::1111", "::ffff:10.0.0.1"],
    "metadata.test": ["169.254.169.254"],
    "metadata6.test": ["fd00:ec2::254"],
    "nat64.test": ["64:ff9b::127.0.0.1"],
    "teredo.test": ["2001:0:7f00:1::"],
    "6to4.test": ["2002:7f00:1::"],
    "zone.test": ["fe80::1%1"],
    "multicast.test": ["224.0.0.1"],
    "xn--bcher-kva.test": ["10.1.2.3"],
}


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


def names(host: str, port: int) -> Sequence[str]:
    return NAMES[host]


def names_or_loopback(host: str, port: int) -> Sequence[str]:
    return NAMES.get(host, ["127.0.0.1"])


SPELLINGS = [
    "localhost",
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "127.000.000.001",
    "0",
    "0.0.0.0",  # noqa: S104 - nothing is bound
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1%25lo]",
    "[::1%25lo]",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "%6c%6f%63alhost",
    "127%2e0%2e0%2e1",
    "loop.test",
    "LOOP6.TEST",
    "mapped.test",
    "mixed.test",
    "mixed6.test",
    "nat64.test",
    "teredo.test",
    "6to4.test",
    "zone.test",
    "multicast.test",
    "bücher.test",
    "metadata.test",
    "metadata6.test",
    "169.254.169.254",
    "169.254.170.2",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "192.0.0.192",
    "198.18.0.1",
    "203.0.113.7",
    "255.255.255.255",
    "224.0.0.1",
    "[ff02::1]",
    "user@public.test",
    "public.test@127.0.0.1",
    "public.test:80@127.0.0.1",
    "public.test#@127.0.0.1",
    "127.0.0.1\\@public.test",
    "public.test\\.127.0.0.1",
    "127.0.0.1\t",
    "127.0.0.1\n",
    "127.0.0.1\r\nHost: public.test",
    "127.0.0.1 ",
    " 127.0.0.1",
    "127.0.0.1\x00.public.test",
    "public.test:",
    "public.test:0",
    "public.test:65536",
    "public.test:x",
    "public.test:443:443",
    "",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("scheme", ["https", "http", "HTTPS"])
def test_what_is_not_public_is_not_called_however_it_is_spelled(server: Loopback, scheme: str, spelling: str) -> None:
    if spelling == "public.test#@127.0.0.1":  # what stands behind the # is no host: the one before it is
        spelling = f"loop.test#@public.test:{server.port}"
    sender = http_calls(local=["other.test"], resolve=names_or_loopback)
    with_port = f"{spelling}:{server.port}"
    for host in (spelling, with_port):
        assert refusal(f"{scheme}://{host}/", sender).name == "http.Blocked"
    assert server.connections == 0


@pytest.mark.parametrize("host", sorted(NAMES.keys() - {"public.test"}))
def test_names_of_what_is_not_public_are_refused_for_their_addresses(host: str) -> None:
    error = refusal(f"https://{host}/", http_calls(local=(), resolve=names))
    assert error.name == "http.Blocked"
    assert f"{host} has an address that is reserved for" in str(error)
    assert f"let the operator put {host} on SEDO_HTTP_ALLOW" in str(error)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "file:/etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "ftp://127.0.0.1/",
        "dict://127.0.0.1/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "jar:http://127.0.0.1!/",
        "unix:///var/run/docker.sock",
        "//127.0.0.1/",
        "http:127.0.0.1",
        "http:/127.0.0.1/",
        "https:\\\\127.0.0.1",
        "https:///127.0.0.1",
        "https//127.0.0.1",
        "127.0.0.1",
        "",
        " https://public.test/",
        "https://public.test/a b",
        "https://public.test/a\\b",
        "https://public.test/\r\nX: y",
        "https://public.test/\u202e",
        "ht\ntps://127.0.0.1/",
        "https://public.test/" + "a" * 9_000,
    ],
)
def test_what_is_no_url_of_the_web_is_refused(url: str) -> None:
    answers = [["127.0.0.1"]]
    assert refusal(url, http_calls(resolve=one_by_one(answers))).name == "http.Blocked"
    assert answers


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (
            "http://public.test/",
            "plain http is refused: write https, or let the operator put public.test on SEDO_HTTP_ALLOW",
        ),
        ("http://public.test:443/", "plain http is refused"),
        ("https://public.test:80/", "port 80 is refused"),
        ("https://public.test:8443/", "port 8443 is refused: let the operator put public.test:8443 on SEDO_HTTP_ALLOW"),
        ("https://u:p@public.test/", "give credentials in auth"),
        ("https://127.1/", "odd spelling of an IPv4 address"),
        ("https://127.0.0.1/", "127.0.0.1 has an address that is reserved for loopback"),
        ("https://[::1]/", "let the operator put [::1] on SEDO_HTTP_ALLOW"),
        ("https://a b/", "a space, a backslash or a control character"),
        ("ftp://public.test/", "begin it with https://"),
    ],
)
def test_a_refusal_says_which_rule_it_is_and_what_would_allow_it(url: str, why: str) -> None:
    assert why in str(refusal(url, http_calls(local=(), resolve=names)))
    assert why in str(gate.refusal(url, ()))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/", "https://any.test/", "http://in.any.test/"])
def test_of_what_may_be_called_as_far_as_its_text_tells_nothing_is_refused(url: str) -> None:
    assert gate.refusal(url, ["127.0.0.1", "*.any.test"]) is None


def test_a_refusal_does_not_tell_the_address_of_a_name() -> None:
    assert "10.1.2.3" not in str(refusal("https://bücher.test/", http_calls(local=(), resolve=names)))


def test_a_name_is_resolved_once_and_the_connection_goes_to_that_address(server: Loopback) -> None:
    answers = [["127.0.0.1"], ["192.0.2.1"]]
    sender = http_calls(local=[f"rebinding.test:{server.port}"], resolve=one_by_one(answers))
    url = f"http://rebinding.test:{server.port}/"
    result: Any = sender({"url": url}, KEY)
    assert result["body"]["headers"]["host"] == f"rebinding.test:{server.port}"
    assert answers == [["192.0.2.1"]]


def test_a_name_that_turns_from_public_to_private_is_refused_by_its_first_answer(server: Loopback) -> None:
    answers = [["127.0.0.1"], ["93.184.215.14"]]
    sender = http_calls(local=(), resolve=one_by_one(answers))
    assert refusal("https://rebinding.test/", sender).name == "http.Blocked"
    assert answers == [["93.184.215.14"]]
    assert server.connections == 0


def test_a_list_of_local_hosts_goes_by_how_the_url_names_them(server: Loopback) -> None:
    sender = http_calls(local=["127.0.0.1"], resolve=names)
    assert refusal(f"http://loop.test:{server.port}/", sender).name == "http.Blocked"
    assert refusal(f"http://127.0.0.1:{server.port}/", http_calls(local=["127.0.0.1:1"])).name == "http.Blocked"
    assert server.connections == 0


def test_the_resolver_of_the_system_knows_this_machine(server: Loopback) -> None:
    assert "127.0.0.1" in addresses_of("localhost", 80)
    sender = http_calls(local=["localhost"])
    assert sender({"url": f"http://localhost:{server.port}/"}, KEY)["status"] == 200
    assert refusal("https://localhost/", http_calls(local=())).name == "http.Blocked"


def test_a_tenant_may_call_the_hosts_of_its_list_only(server: Loopback) -> None:
    lists = {"acme": ["127.0.0.1"], "other": ["*.example.com"], "none": []}
    sender = http_calls(hosts=lists.get)
    url = f"{server.url}/"
    assert sender({"url": url}, CallKey("acme:d:1", "t", 1))["status"] == 200
    assert sender({"url": url}, CallKey("unlisted:d:1", "t", 1))["status"] == 200
    server.requests.clear()
    for tenant in ("other", "none"):
        with pytest.raises(Exception, match="is not on the list of hosts that this tenant may call") as raised:
            sender({"url": url}, CallKey(f"{tenant}:d:1", "t", 1))
        assert raised.value.name == "http.Blocked"  # type: ignore[attr-defined]
    assert server.requests == []


def test_a_public_host_of_the_list_of_a_tenant_is_still_held_to_the_other_rules() -> None:
    sender = http_calls(hosts={"acme": ["*"]}.get, local=(), resolve=names)
    assert "loopback" in str(refusal("https://loop.test/", sender))


def test_no_proxy_of_the_environment_is_used(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert call(server.url)["status"] == 200
