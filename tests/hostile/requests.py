"""Paths, queries, cursors, header fields, methods, tokens and members that no caller has reason to send."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.application import JSON, T
from tests.hostile.case import DEFINITIONS, START, Case, text

ADA = {**JSON, "X-Sedo-User": "ada"}
LISTS = {
    "definitions": DEFINITIONS,
    "executions": f"{T}/executions",
    "history": f"{T}/executions/<execution>/history",
    "tasks": f"{T}/tasks",
    "events": f"{T}/events/paid?key=a",
}

SEGMENTS = {
    "NUL": "a%00b",
    "a slash": "a%2fb",
    "a slash, twice": "a%252fb",
    "two dots, twice": "%252e%252e",
    "a backslash": "a%5cb",
    "5,000 characters": "a" * 5_000,
    "UTF-8": "%C3%A9",
    "no UTF-8": "%ff%fe",
    "overlong": "%c0%ae",
    "overlong, three bytes": "%e0%80%ae",
    "a surrogate": "%ed%a0%80",
    "a space": "%20",
    "a line": "a%0a",
    "another field": "a%0d%0aX-Evil:%201",
    "a hash": "a%23b",
    "a question": "a%3fb",
    "a per cent": "a%25",
    "half an escape": "a%zz",
    "a star": "*",
    "a tilde": "~",
    "a plus": "a+b",
    "braces": "%7btenantId%7d",
    "a script": "%3cscript%3e",
    "a quote": "'%20OR%201=1",
    "a full-width dot": "%ef%bc%8e",
    "an unfinished escape": "a%",
    "a tab": "a%09",
}
PLACES = {
    "tenant": "/sedo/tenants/<it>/definitions",
    "definition": f"{DEFINITIONS}/<it>",
    "execution": f"{T}/executions/<it>",
    "task": f"{T}/tasks/<it>",
    "event": f"{T}/events/<it>?key=a",
}


def b64(value: Any) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).decode()


CURSORS = {
    "text": "x",
    "nothing": "",
    "null": b64(None),
    "an object": b64({"a": 1}),
    "an empty list": b64([]),
    "three": b64([1, "a", None]),
    "not a number": b64(b"[NaN]"),
    "5,000 lists": b64(b"[" * 5_000),
    "bytes": b64(b"\xff\xfe"),
    "another alphabet": "a%2Bb%2F",
    "truths": b64([True, False]),
    "200 digits": b64([10**200, 10**200]),
    "5,000 digits": b64(b"[" + b"9" * 5_000 + b"]"),
    "an instant that is none": b64(["9999-99-99T00:00:00Z", "zzz"]),
    "before all time": b64(["0001-01-01T00:00:00+23:59", "abc"]),
    "after all time": b64(["9999-12-31T23:59:59-23:59", "abc"]),
    "a path": b64(["../x"]),
    "half a surrogate": b64(b'["\\ud800"]'),
    "spaces": "%20%20",
    "a JWT": "eyJhbGciOiJub25lIn0.e30.",
    "100 KB": "A" * 100_000,
}
LIMITS = {
    "-1": "-1",
    "0": "0",
    "501": "501",
    "10**9": "1000000000",
    "1e2": "1e2",
    "hexadecimal": "0x10",
    "nothing": "",
    "a space": "%2010",
    "Arabic digits": "%D9%A1%D9%A0",
    "NUL": "5%00",
    "a fraction": "1.5",
    "a plus": "%2B5",
    "5,000 digits": "9" * 5_000,
}
QUERIES = {
    "a status that is none": f"{T}/tasks?status=x",
    "mine that is no truth": f"{T}/tasks?mine=yes",
    "a priority below": f"{T}/tasks?priority=-1",
    "a priority above": f"{T}/tasks?priority=1000",
    "unclaimed that is a number": f"{T}/tasks?unclaimed=1",
    "version 0": f"{DEFINITIONS}/plain?version=0",
    "version -1": f"{DEFINITIONS}/plain?version=-1",
    "a version that is text": f"{DEFINITIONS}/plain?version=x",
    "a version of 40 digits": f"{DEFINITIONS}/plain?version=" + "9" * 40,
    "a wait of 26 seconds": f"{T}/executions/<execution>?wait=26",
    "a wait below": f"{T}/executions/<execution>?wait=-1",
    "a wait of 1e1": f"{T}/executions/<execution>?wait=1e1",
    "a wait in Arabic digits": f"{T}/executions/<execution>?wait=%D9%A1",
    "no key": f"{T}/events/paid",
    "an empty key": f"{T}/events/paid?key=",
    "a key of 1,001 characters": f"{T}/events/paid?key=" + "k" * 1_001,
}
TYPES = (
    "text/plain",
    "application/xml",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "application/json\x7f",
    "image/png",
    "application/jsonp",
    "a" * 5_000,
    "*/*",
    "application/*",
    "application/json, text/plain",
    "text/plain; application/json",
    "application/json+x",
    "text/json",
    "json",
    ";",
    "application/json; charset=utf-16",
    "application/json; charset=latin-1",
)


def addresses() -> Iterator[Case]:
    for place, path in PLACES.items():
        for name, segment in SEGMENTS.items():
            yield Case("path", f"{name} as {place}", 400, path.replace("<it>", segment), method="GET")
    for path in (
        "/",
        "/sedo",
        "/sedo/admin",
        "/.git/config",
        "//sedo//tenants",
        "/../../etc/passwd",
    ):
        yield Case("path", f"nothing at {path}", 403, path, method="GET")
    for name, (path, status) in UNKNOWN.items():
        yield Case("path", name, status, path, method="GET")
    for where, path in LISTS.items():
        sign = "&" if "?" in path else "?"
        for name, limit in LIMITS.items():
            yield Case("query", f"a limit of {name}, of {where}", 400, f"{path}{sign}limit={limit}", method="GET")
        for name, cursor in CURSORS.items():
            yield Case("cursor", f"{name}, of {where}", 400, f"{path}{sign}cursor={cursor}", method="GET")
    for name, path in QUERIES.items():
        yield Case("query", name, 400, path, method="GET")


UNKNOWN = {
    "an execution of another tenant": (f"{T}/executions/456:plain:abc", 404),
    "an execution in capitals": (f"{T}/executions/123:PLAIN:ABC", 404),
    "an execution that is colons": (f"{T}/executions/::", 404),
    "a task of 65 characters": (f"{T}/tasks/" + "a" * 65, 400),
    "a definition in capitals": (f"{DEFINITIONS}/PLAIN", 404),
    "a definition of 65 characters": (f"{DEFINITIONS}/" + "a" * 65, 400),
    "two dots": (f"{DEFINITIONS}/%2e%2e", 404),
    "two dots as an execution": (f"{T}/executions/%2e%2e", 404),
    "no tenant": ("/sedo/tenants//definitions", 400),
    "a version that is not there": (f"{DEFINITIONS}/plain?version=99", 404),
}


def fields() -> Iterator[Case]:
    for kind in TYPES:
        yield Case("header", f"a body of {kind[:40]!r}", 415, START, b"{}", headers={"Content-Type": kind})
    for path in (START, f"{T}/executions/<execution>/cancel", "/sedo/callbacks/<token>/succeed"):
        yaml = {"Content-Type": "application/yaml"}
        yield Case("header", f"YAML to {path}", 415, path, b"{}", headers=yaml)
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
            yield Case("method", f"{method} {path}", 405, path, b"{}", method)
        override = {**JSON, "X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"}
        yield Case("method", f"DELETE {path} that says POST", 405, path, b"{}", "DELETE", override)
    for name, key in {"5,000 characters": "k" * 5_000, "nothing": "", "NUL": "a%00", "a line": "a%0ab"}.items():
        yield Case("header", f"a key of {name}", 400, START, b"{}", headers={**JSON, "Idempotency-Key": key})
    for condition in ("If-Match", "If-None-Match"):
        headers = {**JSON, condition: '"' + "a" * 5_000 + '"'}
        yield Case("header", f"{condition} of 5,000 characters", 400, DEFINITIONS, b"{}", headers=headers)
    compressed = {**JSON, "Content-Encoding": "gzip"}
    yield Case("header", "a body that is compressed", 400, START, b"\x1f\x8b\x08\x00garbage", headers=compressed)
    for name, user in {
        "60 KB": "u" * 60_000,
        "a field in it": "a\r\nX-Evil: 1",
        "Latin-1": "\xe9\xff",
        "nothing": "",
    }.items():
        for verb in ("complete", "claim"):
            body = text({"answer": {"no": 1}}) if verb == "complete" else b'{"x": 1}'
            path, headers = f"{T}/tasks/<task>/{verb}", {**JSON, "X-Sedo-User": user}
            yield Case(
                "header",
                f"{verb} by {name}",
                401 if name == "nothing" and verb == "complete" else 400,
                path,
                body,
                headers=headers,
            )


MEMBERS: dict[str, dict[str, Any]] = {
    START: {
        "null": None,
        "text": "x",
        "a name with a slash": {"name": "a/b"},
        "a name with a colon": {"name": "a:b"},
        "a name of 65": {"name": "a" * 65},
        "an empty name": {"name": ""},
        "a name of 5": {"name": 5},
        "a name in UTF-8": {"name": "é"},
        "a name of two lines": {"name": "a\n"},
        "an escaped name": {"name": "%2f"},
        "version 0": {"version": 0},
        "version -1": {"version": -1},
        "a true version": {"version": True},
        "version 1.0": {"version": 1.0},
        "a version of text": {"version": "1"},
        "version 10**30": {"version": 10**30},
        "a list of a name": {"name": ["a"]},
    },
    f"{T}/events/paid": {
        "no key": {},
        "a key of 5": {"key": 5},
        "an empty key": {"key": ""},
        "a key of 1,001": {"key": "k" * 1_001},
        "an id with a slash": {"key": "k", "id": "a/b"},
        "an id of 65": {"key": "k", "id": "a" * 65},
        "-1 seconds": {"key": "k", "keepSeconds": -1},
        "1e300 seconds": {"key": "k", "keepSeconds": 1e300},
        "true seconds": {"key": "k", "keepSeconds": True},
        "seconds of text": {"key": "k", "keepSeconds": "1"},
        "10**400 seconds": {"key": "k", "keepSeconds": 10**400},
    },
    f"{T}/tasks/<task>/complete": {
        "nothing": {},
        "another answer": {"answer": {"ok": "x"}},
        "more than the form": {"answer": {"ok": True, "x": 1}},
        "an answer that is deep": {"answer": [[[[]]]]},
        "50,000 answers": {"answer": ["x"] * 50_000},
    },
    f"{T}/tasks/<task>/reject": {"a reason of 5": {"reason": 5}, "a reason of 5,000": {"reason": "x" * 5_000}},
    f"{T}/tasks/<task>/reassign": {
        "nobody": {},
        "text": {"assignees": "ada"},
        "numbers": {"assignees": [1]},
        "201 people": {"assignees": ["a"] * 201},
        "a name of 201": {"assignees": ["a" * 201]},
        "an empty name": {"groups": [""]},
    },
    "/sedo/callbacks/<token>/fail": {
        "a name of 5": {"name": 5},
        "a name of two words": {"name": "a b"},
        "a name of 200": {"name": "a" * 200},
        "a message of 5,000": {"message": "a" * 5_000},
        "a message of 1": {"message": 1},
    },
    f"{T}/executions/<execution>/redrive": {
        "a nested step": {"step": "a/b"},
        "a step of 5": {"step": 5},
        "a stash of text": {"stash": "x"},
        "a stash of a name with a space": {"stash": {"a b": 1}},
        "again as text": {"again": "yes"},
    },
}


def members() -> Iterator[Case]:
    for path, bodies in MEMBERS.items():
        for name, body in bodies.items():
            yield Case("member", f"{name}, to {path.rpartition('/')[2]}", 400, path, text(body), headers=ADA)


def payload(change: Callable[[list[Any]], Any]) -> Callable[[str], str]:
    """Make a token with another payload, and the signature of the first."""

    def forged(token: str) -> str:
        version, key, body, signature = token.split(".")
        said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return ".".join([version, key, b64(change(said)).rstrip("="), signature])

    return forged


def replaced(number: int, value: str) -> Callable[[str], str]:
    return lambda token: ".".join([value if n == number else each for n, each in enumerate(token.split("."))])


FORGED: dict[str, Callable[[str], str]] = {
    "another execution": payload(lambda said: ["456" + said[0][3:], *said[1:]]),
    "a later end": payload(lambda said: [*said[:3], 9_999_999_999]),
    "another turn": payload(lambda said: [*said[:2], said[2] + 1, *said[3:]]),
    "an object": payload(lambda said: {"execution": said[0]}),
    "version 0": replaced(0, "v0"),
    "version 2": replaced(0, "v2"),
    "another key": replaced(1, "other"),
    "no key": replaced(1, ""),
    "no payload": replaced(2, ""),
    "no signature": replaced(3, ""),
    "a signature of zeros": replaced(3, "A" * 43),
    "without its signature": lambda token: token.rpartition(".")[0],
    "padded": lambda token: token + "=",
    "only dots": lambda _: "....",
    "a line behind": lambda token: token + "%0a",
    "NUL behind": lambda token: token + "%00",
    "a space behind": lambda token: token + "%20",
    "3,000 characters": lambda _: "v1.a." + "b" * 3_000 + ".c",
    "a JWT without an algorithm": lambda _: "eyJhbGciOiJub25lIn0.e30.",
    "capitals": str.upper,
    "one letter": lambda _: "x",
    "cut": lambda token: token[:-5],
    "twice": lambda token: token + token,
    "from right to left": lambda token: token[::-1],
    "last bits": lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
}


NO_TOKENS = {"padded", "a line behind", "NUL behind", "a space behind", "3,000 characters"}
"""What no token can be is told apart from one that is not known."""


FIELDS = {
    "nothing": ("", 401),
    "no scheme": ("<token>", 401),
    "another scheme": ("Basic <token>", 401),
    "the scheme alone": ("Bearer", 401),
    "a scheme of no-break spaces": ("Bearer\xa0<token>", 401),
    "two tokens": ("Bearer <token>, Bearer <token>", 404),
    "two of them in one": ("Bearer <token> <token>", 404),
    "a quoted token": ('Bearer "<token>"', 404),
    "Latin-1": ("Bearer \xe9\xff", 404),
    "a NUL": ("Bearer <token>\x00", 404),
    "an API key": ("Bearer sedo_123_2811653aac726715_" + "0" * 64, 404),
    "60 KB": ("Bearer " + "v1." + "a" * 60_000, 404),
    "60 KB of dots": ("Bearer " + "." * 60_000, 404),
}
"""What ``Authorization`` may hold in place of the token, and how it is answered."""


def tokens() -> Iterator[Case]:
    for name, forge in FORGED.items():
        for verb in ("succeed", "fail", "heartbeat"):
            body = b"" if verb == "heartbeat" else b"{}"
            status = 400 if name in NO_TOKENS else 404
            yield Case("token", f"{name}, to {verb}", status, f"/sedo/callbacks/<token>/{verb}", body, forge=forge)
            path, sent = f"/sedo/callbacks/{verb}", {**JSON, "Authorization": "Bearer <token>"}
            yield Case("token", f"{name}, in a field to {verb}", 404, path, body, headers=sent, forge=forge)
    for name, (field, status) in FIELDS.items():
        sent = {**JSON, "Authorization": field}
        yield Case("token", f"{name} in a field", status, "/sedo/callbacks/succeed", b"{}", headers=sent)
    yield Case("token", "no field", 401, "/sedo/callbacks/succeed", b"{}")


def tenants() -> Iterator[Case]:
    other = T.replace("123", "456")
    for verb in ("cancel", "pause", "resume", "redrive", "events/paid"):
        body = text({"data": 1}) if verb == "events/paid" else b""
        yield Case("tenant", verb, 404, f"{other}/executions/<execution>/{verb}", body, headers=ADA)
    for verb, body in {
        "claim": {},
        "release": {},
        "reject": {},
        "complete": {"answer": 1},
        "reassign": {"groups": ["g"]},
    }.items():
        yield Case("tenant", f"{verb} a task", 404, f"{other}/tasks/<task>/{verb}", text(body), headers=ADA)
    for path in ("executions/<execution>", "executions/<execution>/history", "tasks/<task>", "definitions/plain"):
        yield Case("tenant", f"read {path}", 404, f"{other}/{path}", method="GET")
    yield Case("tenant", "start", 404, f"{other}/definitions/plain/execute", b"{}")
    yield Case("tenant", "include", 400, f"{other}/definitions", text({"id": "d", "steps": [{"include": "plain"}]}))


def cases() -> Iterator[Case]:
    for made in (addresses, fields, members, tokens, tenants):
        yield from made()
