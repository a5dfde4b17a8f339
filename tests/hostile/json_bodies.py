"""Bodies that are no JSON, or JSON that nobody should read, for every route that reads one."""

from collections.abc import Iterator

from tests.application import T
from tests.hostile.case import DEFINITIONS, START, Case, text

ROUTES = {
    "start": START,
    "create": DEFINITIONS,
    "validate": f"{DEFINITIONS}/validate",
    "dry run": f"{DEFINITIONS}/plain/test",
    "redrive": f"{T}/executions/<execution>/redrive",
    "cancel": f"{T}/executions/<execution>/cancel",
    "send": f"{T}/executions/<execution>/events/paid",
    "publish": f"{T}/events/paid",
    "complete": f"{T}/tasks/<task>/complete",
    "reassign": f"{T}/tasks/<task>/reassign",
    "succeed": "/sedo/callbacks/<token>/succeed",
    "fail": "/sedo/callbacks/<token>/fail",
    "heartbeat": "/sedo/callbacks/<token>/heartbeat",
    "begin an upload": f"{T}/uploads",
    "pause": f"{T}/executions/<execution>/pause",
    "resume": f"{T}/executions/<execution>/resume",
    "claim": f"{T}/tasks/<task>/claim",
    "release": f"{T}/tasks/<task>/release",
    "reject": f"{T}/tasks/<task>/reject",
    "a value of a dry run": f"{DEFINITIONS}/plain/test/values?at=/output",
    "make a key": f"{T}/keys",
    "write a role": f"{T}/roles/mine",
    "write a binding": f"{T}/bindings/mine",
    "write a tenant": T,
}

BROKEN = {
    "60 levels": b"[" * 60 + b"]" * 60,
    "100,000 levels": b"[" * 100_000 + b"]" * 100_000,
    "20,000 objects in each other": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "100,000 lists that do not end": b"[" * 100_000,
    "not a number": b'{"input": NaN}',
    "infinity": b'{"input": -Infinity}',
    "a number beyond infinity": b'{"input": 1e400}',
    "an exponent of 100,000 digits": b'{"input": 1e' + b"9" * 100_000 + b"}",
    "5,000 digits": b'{"input": ' + b"9" * 5_000 + b"}",
    "200,000 digits": b'{"input": -' + b"9" * 200_000 + b"}",
    "a key twice": b'{"input": 1, "input": 2}',
    "a key twice, deep": b'{"input": {"a": 1, "a": 2}}',
    "a key twice, once escaped": b'{"input": {"a": 1, "\\u0061": 2}}',
    "half a surrogate pair": b'{"input": "\\ud800"}',
    "half a surrogate pair as a key": b'{"input": {"\\udfff": 1}}',
    "a surrogate pair, swapped": b'{"input": "\\udc00\\ud800"}',
    "a surrogate in UTF-8": b'{"input": "\xed\xa0\x80"}',
    "overlong UTF-8": b'{"input": "\xc0\x80"}',
    "UTF-16, little endian": '{"input": 1}'.encode("utf-16"),
    "UTF-16, big endian": '{"input": 1}'.encode("utf-16-be"),
    "UTF-32": '{"input": 1}'.encode("utf-32"),
    "Latin-1": '{"input": "é"}'.encode("latin-1"),
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf{}",
    "two documents": b"{} {}",
    "a comma at the end": b'{"input": 1,}',
    "single quotes": b"{'input': 1}",
    "a comment": b'{"input": 1 /* x */}',
    "NUL behind it": b'{"input": 1}\x00',
    "a control character": b'{"input": "\x01"}',
    "hexadecimal": b'{"input": 0x10}',
    "a plus": b'{"input": +1}',
    "a leading zero": b'{"input": 01}',
    "no digit before the point": b'{"input": .5}',
    "Arabic digits": '{"input": \u0661}'.encode(),
    "a form": b"input=1&x=2",
    "XML": b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
    "a pickle": b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
}
LARGE = b'{"input": "' + b"a" * 300_000 + b'"}'
VERY_LARGE = b'{"input": "' + b"a" * 7_000_000 + b'"}'
VALUES = {"a value of a dry run", "start", "dry run", "send", "publish", "complete", "succeed", "fail"}
"""Routes that take a value of a user."""
UNKNOWN = text({"inptu": 1})


def cases() -> Iterator[Case]:
    for route, path in ROUTES.items():
        headers = {"Content-Type": "application/json", "X-Sedo-User": "ada"}
        method = "PUT" if route.startswith("write ") else "POST"
        for name, body in BROKEN.items():
            yield Case("JSON", f"{name}, to {route}", 400, path, body, method, headers)
        size, large = ("7 MB", VERY_LARGE) if route in VALUES else ("300 KB", LARGE)
        yield Case("JSON", f"{size}, to {route}", 413, path, large, method, headers)
        if route not in {"create", "validate", "succeed"}:
            yield Case("JSON", f"an unknown member, to {route}", 400, path, UNKNOWN, method, headers)
            yield Case("JSON", f"a list, to {route}", 400, path, b"[]", method, headers)
