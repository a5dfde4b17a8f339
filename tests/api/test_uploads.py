"""Inputs that are sent in parts."""

import json
from typing import TYPE_CHECKING

import pytest

from chalicelib.core.limits import LIMITS
from tests.api.test_values import SAYS, read
from tests.application import Sedo, T, assert_problem

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

BYTES = {"Content-Type": "application/octet-stream"}
EXECUTE = T + "/definitions/says/execute"


def upload(sedo: Sedo, *contents: bytes, tenant: str = T) -> str:
    """Upload parts, the last one first."""
    answer = sedo.ask("POST", f"{tenant}/uploads")
    assert (answer.status_code, answer.json_body["partBytes"]) == (201, LIMITS.upload_part_bytes)
    for number, content in reversed([*enumerate(contents, 1)]):
        assert put(sedo, answer.json_body["id"], number, content, tenant) == 204
    return str(answer.json_body["id"])


def put(sedo: Sedo, name: str, number: int, content: bytes, tenant: str = T) -> int:
    return int(sedo.ask("PUT", f"{tenant}/uploads/{name}/{number}", content, BYTES).status_code)


@pytest.fixture
def says(sedo: Sedo) -> Sedo:
    assert sedo.ask("POST", T + "/definitions", SAYS).status_code == 201
    return sedo


def test_an_input_of_12_mb_is_sent_in_parts_and_read_in_parts(says: Sedo) -> None:
    value: Json = {"rows": ["\N{SNOWMAN}" * 30_000] * 130, "last": 1}
    text = json.dumps(value, ensure_ascii=False).encode()
    assert len(text) > 11_000_000
    most = LIMITS.upload_part_bytes
    name = upload(says, *(text[start : start + most] for start in range(0, len(text), most)))
    started = says.ask("POST", EXECUTE, {"upload": name, "name": "mine"})
    again = says.ask("POST", EXECUTE, {"upload": name, "name": "mine"})
    assert (started.status_code, again.status_code) == (201, 200)
    says.deliver()
    found = says.get(f"/executions/{started.json_body['id']}")
    assert found["state"] == "ExecutionSucceeded"
    assert read(says, found["references"]["/output"]["link"] + "&path=last") == 1
    assert read(says, found["references"]["/output"]["link"] + "&path=length(rows)") == 130


def test_a_part_that_is_sent_again_takes_the_place_of_the_one_before(says: Sedo) -> None:
    name = upload(says, b'"long', b'er"')
    assert [put(says, name, 1, b'"l'), put(says, name, 2, b'"')] == [204, 204]
    assert says.ask("POST", EXECUTE, {"upload": name}).json_body["input"] == "l"


@pytest.mark.parametrize(
    ("contents", "status", "detail"),
    [
        ([], 409, "part 1 of the upload is not there, or not whole: send it again"),
        ([b'{"a":', b"1"], 400, "this is not JSON: a comma is missing here"),
        ([b'{"a":1,', b'"a":2}'], 400, "the key 'a' is there twice"),
        ([b'"\xff', b'"'], 400, "this is not UTF-8"),
    ],
)
def test_an_upload_that_is_no_input_is_refused(says: Sedo, contents: list[bytes], status: int, detail: str) -> None:
    name = upload(says, *contents)
    assert detail in assert_problem(says.ask("POST", EXECUTE, {"upload": name}), status)["detail"]


def test_a_part_that_is_missing_is_named(says: Sedo) -> None:
    name = upload(says)
    assert put(says, name, 3, b"1") == 204
    problem = assert_problem(says.ask("POST", EXECUTE, {"upload": name}), 409)
    assert problem["detail"].startswith("part 1 of the upload")


def test_an_input_is_in_the_upload_or_in_the_body(says: Sedo) -> None:
    name = upload(says, b"1")
    problem = assert_problem(says.ask("POST", EXECUTE, {"upload": name, "input": 1}), 400)
    assert problem["detail"] == "the input is in the upload, or in the body, and not in both"
    assert_problem(says.ask("POST", EXECUTE, {"upload": "mine"}), 400)


def test_a_part_has_its_bounds(says: Sedo) -> None:
    name = upload(says)
    most = LIMITS.upload_part_bytes
    assert [put(says, name, 1, b"x" * most), put(says, name, 1, b"x" * (most + 1))] == [204, 413]
    assert [put(says, name, number, b"x") for number in (0, 5, 6)] == [400, 204, 400]
    assert put(says, name, 2, b"") == 400


def test_an_upload_is_its_tenants_and_is_forgotten_after_a_day(says: Sedo) -> None:
    foreign, mine = upload(says, b"1", tenant="/sedo/tenants/124"), upload(says, b"1")
    assert put(says, foreign, 1, b"2") == 404
    assert_problem(says.ask("POST", EXECUTE, {"upload": foreign}), 404, "upload not found")
    says.clock.instant += LIMITS.upload_kept
    assert put(says, mine, 1, b"2") == 404
    assert "it has expired" in assert_problem(says.ask("POST", EXECUTE, {"upload": mine}), 404)["detail"]


@pytest.mark.parametrize("kind", [{}, {"Content-Type": "application/json"}])
def test_a_part_of_another_type_is_told_which_one_is_right(sedo: Sedo, kind: dict[str, str]) -> None:
    detail = assert_problem(sedo.ask("PUT", f"{T}/uploads/{'0' * 32}/1", b"x", kind), 415)["detail"]
    assert detail.endswith("; send Content-Type: application/octet-stream")
