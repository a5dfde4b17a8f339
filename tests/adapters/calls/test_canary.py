"""A secret in every field of every kind of call, whatever the other side answers: no piece of it comes back.

What a piece is, is not asked of the code: texts are searched for five letters and digits in a row of it, in either
case, and so is all that they hold in base64.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from html import escape
from random import Random
from string import ascii_letters, digits
from typing import Any, TypeAlias
from urllib.parse import quote, quote_plus

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from chalicelib.adapters.aws.call import AwsCalls
from chalicelib.adapters.aws.function import LambdaCalls
from chalicelib.adapters.aws.models import operation
from chalicelib.adapters.calls.guard import PlainCall, guarded
from chalicelib.adapters.http.call import HttpCalls
from chalicelib.core.definitions.grammar import CALL_KEYS
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.expressions.template import Placeholder
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json, Path, pointer
from chalicelib.core.values.json_text import read_json
from chalicelib.steps.aws import AwsStep
from chalicelib.steps.http import HttpStep
from chalicelib.steps.lambda_ import LambdaStep
from tests.loopback import Loopback, Misbehaviour, Reply, loopback, raw

KEY = CallKey("t:d:1", "main", 2)
WINDOW = 5
_random = Random(16)


def word(length: int) -> str:
    return "".join(_random.choices(ascii_letters + digits, k=length))


CANARIES: Mapping[str, str] = {
    "long": word(250),
    "odd": "".join(word(6) + each for each in "/+\"'\\&<% \t=#ä€?:@~{") + word(6),
    "lines": "\n".join(word(40) for _ in range(6)),
}


@cache
def windows(canary: str) -> frozenset[str]:
    runs = re.findall("[A-Za-z0-9]{5,}", canary)
    return frozenset(run[at : at + WINDOW].lower() for run in runs for at in range(len(run) - WINDOW + 1))


def pieces_in(text: str, canary: str) -> set[str]:
    """Find what a text tells of a canary."""
    searched = [text, *(hidden for run in re.findall("[A-Za-z0-9+/_-]{8,}", text) for hidden in decoded(run))]
    folded = [each.replace("\0", "").lower() for each in searched]
    return {piece for piece in windows(canary) if any(piece in each for each in folded)}


def decoded(run: str) -> Iterator[str]:
    for at in range(4):
        plain = run[at : at + (len(run) - at) // 4 * 4].replace("-", "+").replace("_", "/")
        yield b64decode(plain).decode("latin-1")


# -- the fields


Leaf: TypeAlias = tuple[Path, Json]
"""Where a text stands in parameters, and the parameters, with ``***`` there."""


def of_schema(schema: Mapping[str, Any]) -> Iterator[Leaf]:
    """Write each text that a schema takes."""
    kind = schema.get("type", [])
    if "enum" in schema or kind in ("boolean", "integer", "number"):
        return
    if "properties" in schema:
        for name, member in schema["properties"].items():
            if name not in CALL_KEYS:
                yield from (((name, *path), {name: value}) for path, value in of_schema(member))
    elif kind == "object":
        yield ("name",), {"name": "***"}
    elif kind == "array" or "array" in kind:
        yield (0,), ["***"]
    else:
        yield (), "***"
    if not kind:
        yield ("a", 0, "b"), {"a": [{"b": "***"}]}


def of_shape(shape: Shape, depth: int = 4) -> Iterator[Leaf]:
    """Write each text that an action takes."""
    match shape:
        case StructureShape() if depth:
            for name, member in shape.members.items():
                yield from (((name, *path), {name: value}) for path, value in of_shape(member, depth - 1))
        case ListShape() if depth:
            yield from (((0, *path), [value]) for path, value in of_shape(shape.member, depth - 1))
        case MapShape() if depth:
            yield from ((("k", *path), {"k": value}) for path, value in of_shape(shape.value, depth - 1))
        case _ if shape.type_name in {"string", "blob", "timestamp", "integer"}:
            yield (), "***"


Field: TypeAlias = tuple[str, str, dict[str, Json], Path]


def http_fields() -> Iterator[Field]:
    auth: dict[str, Any] = {
        "token": {"type": "bearer"},
        "username": {"type": "basic", "password": "p"},
        "password": {"type": "basic", "username": "u"},
        "name": {"type": "apiKey", "value": "v", "in": "query"},
        "value": {"type": "apiKey", "name": "n", "in": "query"},
    }
    signed = dict.fromkeys(("service", "region", "accessKeyId", "secretAccessKey", "sessionToken"), "eu-west-1")
    for path, value in of_schema(HttpStep.schema):
        params: Any = {"url": "URL/x", "method": "POST"} | (value if isinstance(value, dict) else {})
        if path[0] == "auth":
            params["auth"] = auth.get(str(path[1]), {"type": "sigv4", **signed}) | params["auth"]
        for kind in ("json", "text", "form", "base64") if path[0] == "body" else ("json",):
            yield f"http {pointer(path)} {kind}", "http", {**params, "bodyType": kind}, path


ACTIONS = (
    "ssm:GetParameter",
    "ssm:GetParameters",
    "sqs:SendMessage",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
    "lambda:Invoke",
    "events:PutEvents",
    "sns:Publish",
)


def aws_fields() -> Iterator[Field]:
    for action in ACTIONS:
        service, name = action.split(":")
        shape = operation(service, name).input_shape
        assert shape is not None
        full: dict[str, Any] = dict.fromkeys(shape.required_members, "x")
        full |= {"Item": {"k": {"S": "x"}}} if name == "PutItem" else {}
        for path, value in of_shape(shape):
            assert isinstance(value, dict)
            params: dict[str, Json] = {"service": service, "action": name, "parameters": {**full, **value}}
            yield f"{action} {pointer(path)}", "aws", params, ("parameters", *path)
    for path, value in of_schema(AwsStep.schema):
        if path[0] not in {"parameters", "action"}:
            assert isinstance(value, dict)
            yield f"aws {pointer(path)}", "aws", {"service": "sqs", "action": "ListQueueTags", **value}, path


def lambda_fields() -> Iterator[Field]:
    for path, value in of_schema(LambdaStep.schema):
        assert isinstance(value, dict)
        for mode in ("wait", "forget"):
            yield f"lambda {pointer(path)} {mode}", "lambda", {"function": "f", "mode": mode, **value}, path


FIELDS = [*http_fields(), *aws_fields(), *lambda_fields()]
PIECES: tuple[tuple[str, str], ...] = (("", ""), ("sedo_execution/x", ".y"), ("URL/", ""), ("https://a", ".example/x"))
"""What stands around the secret: what belongs to sedo, an address, a host."""


# -- the answers


def spelled(canary: str) -> list[str]:
    plain = [canary, canary.upper() if canary.isascii() else canary]
    plain += [repr(canary), ascii(canary), repr([canary + "'"]), repr(canary.encode()), escape(canary)]
    plain += [json.dumps(canary), json.dumps(json.dumps({"a": canary})), quote(canary), quote_plus(canary)]
    plain += [b64encode((before + canary).encode()).decode() for before in ("", "a", "ab")]
    return [*plain, quote(b64encode(canary.encode())), "\0".join(canary)]


Answer: TypeAlias = Callable[[str], "Iterator[Reply | Misbehaviour]"]


def says(canary: str, texts: Sequence[str] = ()) -> Iterator[Reply]:
    """Say it in JSON, in every member, and in header fields: as a result, as an error of a function, as an error."""
    names = ("errorType", "errorMessage", "__type", "message", "Code", "Message")
    body: Any = dict.fromkeys(names, canary) | {"all": list(texts), canary: canary}
    log = "\n".join(("START", *texts)).encode()[-4096:]
    headers = {"Content-Type": "application/json", "X-Why": flat(canary), "X-All": quote(canary), "Connection": "close"}
    failed = {"X-Amz-Function-Error": "Unhandled", "X-Amz-Log-Result": b64encode(log).decode()}
    yield Reply(200, headers, json.dumps(body).encode())
    traced = json.dumps({**body, "stackTrace": [*texts, *canary.splitlines()]}).encode()
    yield Reply(200, headers | failed, traced)
    yield Reply(400, headers, traced)


def says_all(canary: str) -> Iterator[Reply]:
    """Say it in every spelling."""
    return says(canary, spelled(canary))


def breaks_off(canary: str) -> Iterator[Reply]:
    """Say it where the body of an error is cut, in each spelling, at some places."""
    for media, texts in (("text/plain", spelled(canary)), ("image/png", [canary])):
        for text in (text.encode() for text in texts):
            for shown in {5, 8, len(text) // 2, len(text) - 1}:
                body = b"." * (LIMITS.http_error_bytes - shown) + text + b"." * 9
                yield Reply(503, {"Content-Type": media, "Connection": "close"}, body)


def is_no_answer(canary: str) -> Iterator["Reply | Misbehaviour"]:
    """Say it where there ought to be something that can be read."""
    text = flat(canary)
    for headers in ({"Content-Encoding": text}, {"Content-Type": f"text/plain; charset={quote(canary)}"}):
        yield Reply(200, {**headers, "Connection": "close"}, b"x")
    yield raw(text.encode("latin-1") * 3 + b"\r\n\r\n")
    for status in (200, 400):
        headers = {"Content-Type": "application/json", "Connection": "close"}
        yield Reply(status, headers, f'{{"a": "{canary}"'.encode())
        yield Reply(status, headers, b"<" + canary.encode())


def flat(canary: str) -> str:
    """Write it as a header field has it: without breaks of lines, its bytes read as Latin-1."""
    return " ".join(canary.split()).encode().decode("latin-1")


ANSWERS: tuple[Answer, ...] = (says_all, breaks_off, is_no_answer)


class Always(dict[str, Any]):
    """What every path comes to."""

    def __init__(self, answer: "Reply | Misbehaviour") -> None:
        super().__init__()
        self.answer = answer

    def get(self, _path: str, _default: object = None) -> Any:
        return self.answer


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


def calls_of(server: Loopback) -> Mapping[str, PlainCall]:
    return {
        "http": HttpCalls(lambda _: ["127.0.0.1:*", server.host], read_json, local=[server.host], resolve=nowhere),
        "aws": AwsCalls(["*:*"], lambda _: None, "sedo", 5, server.url),
        "lambda": LambdaCalls(["*"], lambda _: None, "sedo", read_json, 5, server.url),
    }


def nowhere(host: str, _port: int) -> list[str]:
    return [host]


def comes_to(call: PlainCall, wanted: Call, canary: str) -> str:
    """Make a call, and write all that is told of it."""
    try:
        shown: Any = guarded(call, lambda _tenant, _name: canary, str)(wanted, KEY)
    except StepError as error:
        shown = [error.name, str(error), error.details]
    return json.dumps(shown, ensure_ascii=False)


def answers_to(kind: str, answers: "Iterator[Reply | Misbehaviour]") -> "Iterator[Reply | Misbehaviour]":
    """Leave the errors of functions to those that call functions."""
    for answer in answers:
        if kind == "lambda" or not isinstance(answer, Reply) or "X-Amz-Function-Error" not in answer.headers:
            yield answer


def leaks(shown: str, canary: str) -> str:
    """Write where a text tells of a canary."""
    found = sorted(pieces_in(shown, canary))
    at = shown.lower().find(found[0]) if found else -1
    return f"{found[0]}: …{shown[max(0, at - 60) : at + 60]}…" if found else ""


@pytest.mark.parametrize("field", FIELDS, ids=[field[0] for field in FIELDS])
def test_no_piece_of_a_secret_comes_back_from_any_field(server: Loopback, field: Field) -> None:
    _, kind, params, path = field
    ready, calls = json.loads(json.dumps(params).replace("URL", server.url)), calls_of(server)
    for name, canary in CANARIES.items():
        for answer in answers_to(kind, says(canary)):
            server.answers = Always(answer)
            for before, after in PIECES if name == "odd" else PIECES[:1]:
                pieces = (before.replace("URL", server.url), Placeholder("x"), after)
                shown = comes_to(calls[kind], Call(kind, ready, {pointer(path): pieces}), canary)
                assert not leaks(shown, canary)


ORDINARY: tuple[tuple[str, dict[str, Json]], ...] = (
    ("http", {"url": "URL/x", "method": "POST", "body": "***"}),
    ("aws", {"service": "sqs", "action": "SendMessage", "parameters": {"QueueUrl": "URL/q", "MessageBody": "***"}}),
    ("lambda", {"function": "f", "payload": "***"}),
)


@pytest.mark.parametrize(("kind", "params"), ORDINARY, ids=[kind for kind, _ in ORDINARY])
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("canary", CANARIES)
def test_no_piece_of_a_secret_comes_back_whatever_the_answer(
    server: Loopback, canary: str, answer: Answer, kind: str, params: dict[str, Json]
) -> None:
    ready, secret = json.loads(json.dumps(params).replace("URL", server.url)), CANARIES[canary]
    place = {"http": "/body", "aws": "/parameters/MessageBody", "lambda": "/payload"}[kind]
    for said in answers_to(kind, answer(secret)):
        server.answers = Always(said)
        shown = comes_to(calls_of(server)[kind], Call(kind, ready, {place: ("", Placeholder("x"))}), secret)
        assert not leaks(shown, secret)


def test_every_kind_of_call_and_every_field_is_tried() -> None:
    tried = {(kind, str(path[0])) for _, kind, _, path in FIELDS}
    assert {("http", name) for name in ("url", "headers", "query", "body", "auth")} <= tried
    assert {("aws", "parameters"), ("aws", "region"), ("lambda", "function"), ("lambda", "payload")} <= tried
    assert len(FIELDS) > 140
