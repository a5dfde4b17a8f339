"""Requests that no operation takes, made for each operation of the contract: what is new is in the corpus at once."""

from collections.abc import Iterator

from tests.api.declared import OPERATIONS, Operation
from tests.hostile.case import Case

NAMES = {
    "tenantId": "123",
    "definition": "plain",
    "execution": "<execution>",
    "task": "<task>",
    "token": "<token>",
    "name": "paid",
    "id": "0" * 32,
    "part": "1",
}
SEGMENTS = {
    "a space": "a%20b",
    "a slash": "a%2Fb",
    "up": "..%2F..%2Fother",
    "a zero byte": "a%00",
    "a line end": "a%0d%0aX-Sedo-User:%20root",
    "not UTF-8": "%ff%fe",
    "3,000 characters": "x" * 3_000,
    "a star and more": "*%3F",
}
QUERIES = {
    "an unknown parameter": "stat=open",
    "10,000 characters": "x" * 9_000 + "=1",
    "a parameter twice": "{known}=1&{known}=1",
    "not UTF-8": "%ff=%fe",
}


def cases() -> Iterator[Case]:
    for name, operation in OPERATIONS.items():
        yield from _cases(name, operation)


def _cases(name: str, operation: Operation) -> Iterator[Case]:
    """Damage the path, the query and the type of a request to an operation."""
    body = next(iter(operation.body["content"])) if operation.body else "application/json"
    headers = {"Content-Type": body, "X-Sedo-User": "ada"}
    good = path_of(operation)
    for parameter in operation.path_names.values():
        for what, segment in SEGMENTS.items():
            path = path_of(operation, **{parameter: segment})
            yield Case("path", f"{what} for {parameter} of {name}", 400, path, b"", operation.method, headers)
    queries = [each["name"] for each in operation.parameters if each["in"] == "query"]
    refused = {} if "*" in queries else QUERIES
    for what, query in refused.items():
        if queries or "{known}" not in query:
            asked = f"{good}?{query.format(known=queries[0] if queries else '')}"
            yield Case("query", f"{what} for {name}", 400, asked, b"", operation.method, headers)
    odd = {**headers, "Content-Type": "application/xml; charset=ebcdic"}
    yield Case("header", f"an odd type for {name}", 415, good, b"", operation.method, odd)


def path_of(operation: Operation, **segments: str) -> str:
    """Fill in the path of an operation, with what is there where possible."""
    path = operation.path
    for kind in ("definition", "execution", "task"):
        path = path.replace(f"/{kind}s/{{id}}", f"/{kind}s/{segments.get('id', NAMES[kind])}")
    for parameter in operation.path_names.values():
        path = path.replace(f"{{{parameter}}}", segments.get(parameter, NAMES[parameter]))
    return path
