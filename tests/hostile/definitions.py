"""Definitions that are none, that call what nobody may, or that go round."""

from collections.abc import Iterator
from typing import Any

from tests.hostile.case import Case, create, create_yaml, definition, text


def map_of(levels: int) -> list[Any]:
    steps: list[Any] = [{"id": "z", "type": "succeed"}]
    for _ in range(levels):
        steps = [{"id": "n", "type": "map", "items": [1], "steps": steps}]
    return steps


def one(**members: Any) -> dict[str, Any]:
    """Make a definition of one step."""
    return definition(steps=[{"id": "a", **members}])


def http(**members: Any) -> dict[str, Any]:
    return one(type="http", **{"url": "https://example.com/", **members})


def aws(service: Any, action: Any, **members: Any) -> dict[str, Any]:
    return one(type="aws", service=service, action=action, **members)


WRONG: dict[str, Any] = {
    "6,000 steps": definition(steps=[{"id": f"s{i}", "type": "succeed"} for i in range(6_000)]),
    "1,001 nested steps": definition(
        steps=[
            {
                "id": "m",
                "type": "map",
                "items": [1],
                "steps": [{"id": f"s{i}", "type": "wait", "seconds": 1} for i in range(1_001)],
            }
        ]
    ),
    "20 levels of map": definition(steps=map_of(20)),
    "no steps": {"id": "d", "steps": []},
    "steps that are null": {"id": "d", "steps": None},
    "steps that are an object": {"id": "d", "steps": {"a": {"type": "succeed"}}},
    "a step that is null": {"id": "d", "steps": [None]},
    "no id": {"steps": [{"id": "a", "type": "succeed"}]},
    "an unknown key": definition(foo=1),
    "an unknown type": one(type="python", code="1"),
    "a type that is a list": one(type=["echo"]),
    "a type of Python": one(type="__class__"),
    "an id twice": definition(steps=[{"id": "a", "type": "succeed"}, {"id": "a", "type": "succeed"}]),
    "a step that is not there": one(type="echo", message="x", next="zz"),
    "a way out of a map": definition(
        steps=[
            {"id": "p", "type": "map", "items": [1], "steps": [{"id": "a", "type": "echo", "message": 1, "next": "p"}]}
        ]
    ),
    "two ends": one(type="echo", message="x", next="a", end=True),
    "an include of itself": definition("e", steps=[{"include": "e"}]),
    "an include of nothing": definition(steps=[{"include": "nowhere"}]),
    "an include by a path": definition(steps=[{"include": {"definition": "../x"}}]),
    "an include by a URL": definition(steps=[{"include": "https://example.com/x.yaml"}]),
    "an include of another tenant": definition(steps=[{"include": "456:plain"}]),
    "an include with more": definition(steps=[{"include": "plain", "id": "a"}]),
    "101 includes": definition(steps=[{"include": "plain"}] * 101),
    "10,000 includes": definition(steps=[{"include": "plain"}] * 10_000),
    "an include of 10**30": definition(steps=[{"include": {"definition": "plain", "version": 10**30}}]),
    "an include of version -1": definition(steps=[{"include": {"definition": "plain", "version": -1}}]),
    "includes of what is to come": definition(steps=[{"include": {"definition": "plain", "version": 2}}]),
    "a negative time": definition(timeoutSeconds=-1),
    "a time that is true": definition(timeoutSeconds=True),
    "a time of ages": definition(timeoutSeconds=1e300),
    "a wait of text": one(type="wait", seconds="abc"),
    "a wait of ages": one(type="wait", seconds=10**40),
    "a wait for two": one(type="wait", seconds=1, until="x"),
    "a wait until nowhere": one(type="wait", until="9999-99-99T00:00:00Z"),
    "10**9 attempts": http(retry=[{"errors": ["*"], "maxAttempts": 10**9}]),
    "a rate of 1e308": http(retry=[{"errors": ["*"], "backoffRate": 1e308}]),
    "no errors": http(retry=[{"errors": []}]),
    "an error of two words": one(type="fail", error="a b\n"),
    "an error of 200 characters": one(type="fail", error="e" * 200),
    "a stash of a name with a space": one(type="echo", message=1, stash="__proto__ x"),
    "a stash of a digit": one(type="echo", message=1, stash="1a"),
    "a stash of 65 characters": one(type="echo", message=1, stash="a" * 65),
    "an event by a path": one(type="event", name="a/../b"),
    "a region of another host": aws("sqs", "SendMessage", region="evil.example/#-1"),
    "a service by a path": aws("../../etc", "x"),
    "a service that is not there": aws("nosuch", "Foo"),
    "an action of Python": aws("sqs", "__class__"),
    "an action that signs": aws("sqs", "generate_presigned_url", parameters={"ClientMethod": "x"}),
    "an action that waits": aws("s3", "get_waiter"),
    "an action that closes": aws("sqs", "close"),
    "an action that reads files": aws(
        "s3", "upload_file", parameters={"Filename": "/etc/passwd", "Bucket": "b", "Key": "k"}
    ),
    "an action with an unknown parameter": aws("sqs", "SendMessage", parameters={"__class__": 1}),
    "a secret by a path": http(headers={"x": "${secret('../../token-keys')}"}),
    "a secret from the root": http(headers={"x": "${secret('/sedo/token-keys')}"}),
    "a secret of the input": http(headers={"x": "${secret(input.n)}"}),
    "a secret of a tenant": http(headers={"x": "${secret('{tenant}')}"}),
    "a method that is two": http(method="GET / HTTP/1.1\r\nX:"),
    "no redirects that are true": http(followRedirects="yes"),
    "a map without items": one(type="map", steps=[{"id": "z", "type": "succeed"}]),
    "a map of -1 at once": one(type="map", items=[1], maxConcurrency=-1, steps=[{"id": "z", "type": "succeed"}]),
    "a map that tolerates 101 %": one(
        type="map", items=[1], tolerate={"percent": 101}, steps=[{"id": "z", "type": "succeed"}]
    ),
    "a child of version 0": one(type="workflow", definition="plain", version=0),
    "a task of 201 people": one(type="task", title="t", assignees=["a"] * 201),
    "a task of priority 101": one(type="task", title="t", priority=101),
    "a loop without an end": definition(
        steps=[{"id": "a", "type": "echo", "message": "x"}, {"id": "b", "type": "echo", "message": "x", "next": "a"}]
    ),
    "a list": [],
    "text": "x",
    "null": None,
    "a number": 3,
}


def event(number: int, schema: Any) -> dict[str, Any]:
    """Make a step with a schema."""
    return {"id": f"s{number}", "type": "event", "name": "e", "schema": schema}


WRONG |= {
    "15,000 unknown keys of a step": one(type="echo", message=1, **{f"messagee{i}": 1 for i in range(15_000)}),
    "6,000 functions that are not there": one(type="echo", message=[f"${{ lengthh{i}(a) }}" for i in range(6_000)]),
    "6,000 conditions of functions that are not there": one(
        type="choice", choices=[{"when": f"lengthh{i}(a)", "next": "a"} for i in range(6_000)]
    ),
    "5,400 patterns of 900 schemas": definition(
        steps=[event(n, {"allOf": [{"pattern": f"[^a]{{40}}{n}_{i}"} for i in range(6)]}) for n in range(900)]
    ),
    "3,000 patterns of 1,200 instructions": definition(
        steps=[event(n, {"allOf": [{"pattern": f"[^a]{{400}}{n}_{i}"} for i in range(30)]}) for n in range(100)]
    ),
    "3,600 patterns that are too large": definition(
        steps=[event(n, {"allOf": [{"pattern": f"(\\pL{{40}}){{8}}{n}_{i}"} for i in range(4)]}) for n in range(900)]
    ),
    "3,300 schemas in 300": definition(
        steps=[event(n, {"properties": {f"p{i}": {"type": "string"} for i in range(10)}}) for n in range(300)]
    ),
    "900 schemas that are none": definition(
        steps=[event(n, {"properties": {f"p{i}": {"type": "strinq"} for i in range(4)}}) for n in range(900)]
    ),
}
IDS = {
    "other letters": "ïd",
    "capitals": "ABC",
    "a colon": "a:b",
    "two dots": "..",
    "a slash": "a/b",
    "65 characters": "a" * 65,
    "a line": "a\n",
    "Cyrillic": "\u0430",
    "NUL": "a\0",
    "a number": 5,
    "a word of the API": "validate",
    "a hash": "a#b",
    "an escape": "%2e",
    "a backslash": "a\\b",
    "nothing": "",
    "a space": " ",
    "an at": "a@1",
    "200 KB": "a" * 200_000,
    "from right to left": "\u202ea",
    "a full-width letter": "\uff41",
    "an object": {},
    "true": True,
}


def echo(number: int, message: Any = 1, **more: Any) -> dict[str, Any]:
    """Make a step that says something."""
    return {"id": f"s{number}", "type": "echo", "message": message, **more}


LARGE: dict[str, Any] = {
    "9,000 expressions in a step": definition(steps=[echo(0, [f"${{input.a{n}}}" for n in range(9_000)])]),
    "9,000 expressions in the stash": definition(stash={f"k{n}": f"${{input.a{n}}}" for n in range(9_000)}),
    "3,000 readings of what 990 steps stash": definition(
        steps=[echo(n, {"a": n}, stash="x") for n in range(990)] + [echo(990, ["${stash.x.b}"] * 3_000)]
    ),
    "19 steps that stash what all before them stash": definition(
        stash={"x": 1}, steps=[*(echo(n, stash={"x": "${stash.x}"}) for n in range(19)), echo(19, "${stash.x.b}")]
    ),
    "990 names, each made of the next": definition(
        steps=[*(echo(n, stash={f"x{n + 1}": f"${{stash.x{n}}}"}) for n in range(990)), echo(990, "${stash.x990.b}")]
    ),
    "4,000 names that are much like 6,300": definition(
        steps=[
            *(echo(n, stash={f"k{n}_{i}": 1 for i in range(7)}) for n in range(900)),
            echo(900, [f"${{stash.q{n}_{n}}}" for n in range(4_000)]),
        ]
    ),
    "3,000 readings of what 900 steps lead to": definition(
        steps=[
            {"id": "c", "type": "choice", "choices": [{"when": "true", "next": f"s{n}"} for n in range(900)]},
            *(echo(n, {"a": n}, next="s900") for n in range(900)),
            echo(900, ["${output.b}"] * 3_000),
        ]
    ),
    "5,000 ways between 990 steps": definition(
        steps=[
            *(
                {
                    "id": f"s{n}",
                    "type": "choice",
                    "choices": [{"when": "input.a", "next": f"s{(n * 7 + i * i * 31) % 990}"} for i in range(5)],
                    "default": f"s{n + 1}",
                }
                for n in range(990)
            ),
            echo(990),
        ]
    ),
}
"""Valid definitions of which much is to be found out."""


def cases() -> Iterator[Case]:
    for name, document in WRONG.items():
        yield create("definition", name, text(document))
    for name, given in IDS.items():
        yield create("definition", f"an id of {name}", text(definition() | {"id": given}))
        if name != "a word of the API":
            yield create("definition", f"a step of {name}", text(definition(steps=[{"id": given, "type": "succeed"}])))
    for name, body in {"steps in a text": "id: d\nsteps: '[]'\n", "a step in a text": "id: d\nsteps: [a]\n"}.items():
        yield create_yaml("definition", name, body)
