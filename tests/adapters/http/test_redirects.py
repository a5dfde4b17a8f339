"""Redirects of http calls, each held to the rules of the first request."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.adapters.http.examples import always, call, http_calls, refusal
from tests.loopback import Loopback, Reply, loopback, redirect


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


def names(host: str, port: int) -> Sequence[str]:
    return {"metadata.test": ["169.254.169.254"]}.get(host, ["127.0.0.1"])


def test_redirects_are_not_followed_unless_the_step_says_so(server: Loopback) -> None:
    server.answers["/"] = redirect("/there")
    error = refusal(f"{server.url}/")
    assert (error.name, error.details["headers"]["location"]) == ("http.Status.302", "/there")
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["/there?x=1#y", "there?x=1", "//{host}/there?x=1", "http://{host}/there?x=1"])
def test_redirects_are_followed_to_where_they_lead(server: Loopback, location: str) -> None:
    server.answers["/"] = redirect(location.format(host=server.host))
    assert call(f"{server.url}/", followRedirects=True)["body"]["path"] == "/there?x=1"


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/\xc3\xbc there", "/%C3%BC%20there"),
        ("/a%2Fb?c=%20", "/a%2Fb?c=%20"),
        ("a\tb", "/a%09b"),
    ],
)
def test_what_a_location_holds_that_no_url_does_is_encoded(server: Loopback, location: str, path: str) -> None:
    server.answers["/"] = redirect(location)
    assert call(f"{server.url}/", followRedirects=True)["body"]["path"] == path


def test_three_redirects_are_followed_and_no_more(server: Loopback) -> None:
    for number in range(4):
        server.answers[f"/{number}"] = redirect(f"/{number + 1}")
    assert call(f"{server.url}/1", followRedirects=True)["status"] == 200
    server.requests.clear()
    error = refusal(f"{server.url}/0", followRedirects=True)
    assert error.name == "http.TooManyRedirects"
    assert [request.path for request in server.requests] == ["/0", "/1", "/2", "/3"]


def test_a_redirect_without_a_location_is_an_answer(server: Loopback) -> None:
    server.answers["/"] = Reply(302)
    assert refusal(f"{server.url}/", followRedirects=True).name == "http.Status.302"


@pytest.mark.parametrize(
    ("status", "method", "then", "body"),
    [
        (301, "POST", "GET", ""),
        (302, "POST", "GET", ""),
        (303, "POST", "GET", ""),
        (303, "PUT", "GET", ""),
        (303, "DELETE", "GET", ""),
        (301, "PUT", "PUT", "1"),
        (302, "DELETE", "DELETE", "1"),
        (307, "POST", "POST", "1"),
        (308, "PATCH", "PATCH", "1"),
    ],
)
def test_the_method_and_the_body_of_a_redirect_stay_or_become_those_of_get(
    server: Loopback, status: int, method: str, then: str, body: str
) -> None:
    server.answers["/"] = redirect("/there", status)
    seen = call(f"{server.url}/", followRedirects=True, method=method, body=1)["body"]
    assert (seen["method"], seen["body"], "content-type" in seen["headers"]) == (then, body, bool(body))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_head_is_head(server: Loopback, status: int) -> None:
    server.answers["/"] = redirect("/there", status)
    call(f"{server.url}/", followRedirects=True, method="HEAD")
    assert [request.method for request in server.requests] == ["HEAD", "HEAD"]


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{other}/",
        "https://127.0.0.1/",
        "https://localhost/",
        "http://2130706433:{other}/",
        "//127.1:{other}/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://metadata.test/",
        "http://entry.test@127.0.0.1:{other}/",
        "http://127.0.0.1:{other}\\@entry.test/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{other}/",
        "http://[::1/",
        "http://\xff.test/",
    ],
)
def test_a_redirect_to_what_may_not_be_called_is_refused(server: Loopback, location: str) -> None:
    with loopback() as other:
        sender = http_calls(local=["entry.test"], resolve=names)
        server.answers["/"] = redirect(location.format(other=other.port))
        error = refusal(f"http://entry.test:{server.port}/", sender, followRedirects=True)
        assert error.name == "http.Blocked"
        assert (server.connections, other.connections) == (1, 0)


def test_a_list_of_hosts_holds_for_redirects_too(server: Loopback) -> None:
    sender = http_calls(hosts={"acme": ["entry.test"]}.get, local=["*.test"], resolve=always("127.0.0.1"))
    server.answers["/"] = redirect(f"http://other.test:{server.port}/")
    error = refusal(f"http://entry.test:{server.port}/", sender, followRedirects=True)
    assert "other.test is not on the list" in str(error)


@pytest.mark.parametrize(
    "auth",
    [
        {"type": "bearer", "token": "hunter2"},
        {"type": "apiKey", "name": "X-Key", "value": "hunter2"},
        {"type": "apiKey", "name": "key", "value": "hunter2", "in": "query"},
        {"type": "sigv4", "service": "s", "region": "r", "accessKeyId": "hunter2", "secretAccessKey": "x"},
    ],
)
def test_credentials_stay_with_their_origin(server: Loopback, auth: Any) -> None:
    with loopback() as other:
        server.answers["/"] = redirect("/again", 307)
        server.answers["/again"] = redirect(f"{other.url}/back", 307)
        other.answers["/back"] = redirect(f"{server.url}/end", 307)
        headers = {"Cookie": "c", "X-Custom": "x", "Accept": "text/plain", "Authorization": None}
        call(f"{server.url}/", followRedirects=True, auth=auth, headers=headers, method="POST", body=1)
        first, again, end = server.requests
        [away] = other.requests
    for there in (first, again):
        assert "hunter2" in f"{there.path}{there.headers}"
        assert there.path.count("hunter2") <= 1
        assert there.headers.keys() >= {"cookie", "x-custom", "idempotency-key"}
    for elsewhere in (away, end):
        assert "hunter2" not in f"{elsewhere.path}{elsewhere.headers}"
        assert elsewhere.headers.keys() == {
            *("host", "accept", "accept-encoding", "content-type", "content-length", "user-agent", "connection")
        }
        assert (elsewhere.headers["accept"], elsewhere.body) == ("text/plain", b"1")


@pytest.mark.parametrize("then", ["http://127.0.0.1:1/", "file:///etc/passwd", "/", "/broken"])
def test_what_answered_where_to_look_was_done_though_nothing_is_there(server: Loopback, then: str) -> None:
    server.answers["/"], server.answers["/broken"] = redirect(then, 303), Reply(500)
    assert refusal(f"{server.url}/", followRedirects=True, method="POST", body=1).unanswered
