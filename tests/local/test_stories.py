"""The examples that tell a story, over real HTTP, against real parts: the whole application as `make run` starts it."""

import io
import json
import os
import signal
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.adapters.dynamodb.attributes import text_of
from local.backend import REGION
from local.child import HOST
from local.search_engine import executable
from tests.local.running import PROJECT, Sedo
from tests.loopback import Loopback, Received, Reply, json_reply, loopback

TENANT = "/sedo/tenants/123"
CANARY = "canary-5b1d-secret"

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds ministack's port in /proc"),
]


FUNCTION = """
def handler(event, context):
    if event["fail"]:
        raise ValueError("refused: " + event["key"])
    return {"echo": event}
"""


class Live:
    """sedo as a user has it, the stand-in for AWS behind it, and a shop beside it."""

    def __init__(self, sedo: Sedo, shop: Loopback) -> None:
        self.sedo, self.shop = sedo, shop
        self.endpoint = f"http://{HOST}:{sedo.ministack_port()}"

    def aws(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **keys)

    def ask(self, method: str, path: str, body: object = None, user: str = "eve", groups: str = "") -> Any:
        headers = {"Content-Type": "application/json", "X-Sedo-User": user, "X-Sedo-Groups": groups}
        status, answer = self.sedo.ask(method, path, json.dumps(body).encode() if body is not None else None, headers)
        assert status < 300, answer
        return answer

    def secret(self, name: str) -> None:
        self.aws("ssm").put_parameter(Name=f"/sedo/123/secrets/{name}", Value=CANARY, Type="SecureString")

    def start(self, example: str, value: object) -> str:
        return self.run((PROJECT / f"definitions/{example}.yaml").read_text(), example, value)

    def run(self, definition: str, name: str, value: object) -> str:
        text, kind = definition.encode(), {"Content-Type": "application/yaml"}
        status, answer = self.sedo.ask("POST", f"{TENANT}/definitions", text, kind)
        assert status == 201, answer
        return str(self.ask("POST", f"{TENANT}/definitions/{name}/execute", {"input": value})["id"])

    def ended(self, execution: str) -> Any:
        while (found := self.ask("GET", f"{TENANT}/executions/{execution}?wait=20"))["endedAt"] is None:
            assert self.sedo.process.poll() is None
        return found

    def until(self, path: str) -> Any:
        while not (found := self.ask("GET", path)):
            assert self.sedo.process.poll() is None
        return found

    def request(self, path: str) -> Received:
        """Wait until the shop has been asked."""
        while not (found := [request for request in self.shop.requests if request.path == path]):
            assert self.sedo.process.poll() is None
        return found[0]

    def scanned(self, table: str) -> list[Any]:
        """Everything that a table of sedo's holds, with what is compressed as it was."""
        found = self.aws("dynamodb").scan(TableName=table)["Items"] if table.startswith("sedo_") else []
        texts = [value["B"] for item in found for value in item.values() if "B" in value]
        return [*found, *(text_of({"B": text}).decode() for text in texts)]

    def everything(self, execution: str) -> str:
        """Everything that the API tells of an execution."""
        about = [self.ask("GET", f"{TENANT}/executions/{execution}{part}") for part in ("", "/history?limit=100")]
        return json.dumps(about)


@pytest.fixture(scope="module")
def live(ministack_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    engine = str(executable(Path(os.environ.get("SEDO_HOME", ".sedo"))))
    home = tmp_path_factory.mktemp("stories")
    with loopback() as shop, Sedo(home, ministack_python, project=PROJECT, SEDO_OSMEM=engine) as sedo:
        sedo.read_until("Ctrl-C stops it")
        yield Live(sedo, shop)


def test_an_order_is_approved_by_a_person_paid_with_a_secret_and_shipped_when_the_shop_says_so(live: Live) -> None:
    live.secret("shop/payments")
    live.shop.answers["/payments"] = json_reply({"id": "pay-1", "echo": f"Bearer {CANARY}"})
    live.shop.answers["/parcels"] = json_reply({}, status=202)
    value = {"order": "A-7", "customer": "Ada", "total": 120, "shop": live.shop.url}
    execution = live.start("order-approval", value)
    (task,) = live.until(f"{TENANT}/tasks?execution={execution}")
    live.ask("POST", f"{TENANT}/tasks/{task['id']}/complete", {"answer": None}, user="grace", groups="sales")
    payment, parcel = live.request("/payments"), live.request("/parcels")
    assert payment.headers["authorization"] == f"Bearer {CANARY}"
    assert payment.headers["idempotency-key"].startswith(f"{execution}:main:")
    token = {"Authorization": f"Bearer {json.loads(parcel.body)['token']}", "Content-Type": "application/json"}
    assert live.sedo.ask("POST", "/sedo/callbacks/succeed", b'{"parcel": "P-1"}', token)[0] == 204
    assert live.ended(execution)["output"] == {"order": "A-7", "parcel": "P-1", "approvedBy": "grace"}
    assert CANARY not in live.everything(execution)


def test_documents_are_read_from_a_bucket_filed_in_a_table_and_problems_told_to_a_queue(live: Live) -> None:
    s3, dynamodb, sqs = live.aws("s3"), live.aws("dynamodb"), live.aws("sqs")
    s3.create_bucket(Bucket="inbox")
    documents = {"a.json": b'{"title": "A", "words": 3}', "b.json": b"no JSON", "c.json": b'{"title": "C", "words": 5}'}
    for name, body in documents.items():
        s3.put_object(Bucket="inbox", Key=name, Body=body)
    dynamodb.create_table(
        TableName="documents",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    queue = sqs.create_queue(QueueName="problems")["QueueUrl"]
    ended = live.ended(live.start("document-pipeline", {"bucket": "inbox", "table": "documents", "queue": queue}))
    assert ended["error"] is None
    assert ended["output"]["filed"] == ["a.json", "c.json"]
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert ended["output"]["told"] == message["MessageId"]
    assert len(json.loads(message["Body"])) == 1
    filed = {item["id"]["S"]: item["words"]["N"] for item in dynamodb.scan(TableName="documents")["Items"]}
    assert filed == {"a.json": "3", "c.json": "5"}


def test_figures_are_asked_for_until_they_are_there_and_sent_to_whoever_can_be_reached(live: Live) -> None:
    live.secret("figures")
    busy = [Reply(503, {"Retry-After": "1"}), json_reply({"orders": 3, "turnover": 17.505})]

    def figures(handler: Any) -> None:
        handler.reply(busy.pop(0))

    def mailer(handler: Any) -> None:
        mail = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        mails.append(mail)
        handler.reply(json_reply({}, status=507 if mail["to"] == "grace" else 202))

    mails: list[Any] = []
    live.shop.answers |= {"/daily": figures, "/send": mailer}
    live.shop.unread.add("/send")
    value = {"figures": f"{live.shop.url}/daily", "mailer": f"{live.shop.url}/send", "to": ["ada", "grace"]}
    execution = live.start("nightly-report", value)
    sent, failed = live.ended(execution)["output"]
    assert (sent, failed["error"]["name"]) == ("ada", "http.Status.507")
    asked = [request for request in live.shop.requests if request.path.startswith("/daily")]
    assert [request.headers["x-api-key"] for request in asked] == [CANARY, CANARY]
    assert ["turnover: 17.51" in mail["text"] for mail in mails] == [True, True]
    assert CANARY not in live.everything(execution)


EVERY_CALL = """
id: every-call
steps:
  - id: request
    type: http
    method: POST
    url: ${input.url}/echo
    auth: {type: basic, username: ada, password: "${secret('canary')}"}
    query: {key: "${secret('canary')}"}
    body: {key: "${secret('canary')}", list: ["a ${secret('canary')} b"]}
  - id: refused
    type: http
    url: "${input.url}/refused?key=${secret('canary')}"
    catch: [{errors: ['*'], stash: refused, next: send}]
  - id: send
    type: aws
    service: sqs
    action: SendMessage
    parameters: {QueueUrl: '${input.queue}', MessageBody: "${secret('canary')}"}
  - id: receive
    type: aws
    service: sqs
    action: ReceiveMessage
    parameters: {QueueUrl: '${input.queue}', MessageAttributeNames: ["${secret('canary')}"]}
    stash: received
  - id: lost
    type: aws
    service: sqs
    action: SendMessage
    parameters: {QueueUrl: "${input.queue}-${secret('canary')}", MessageBody: x}
    catch: [{errors: ['*'], stash: lost, next: call}]
  - {id: call, type: lambda, function: echo, payload: {key: "${secret('canary')}", fail: false}, stash: called}
  - id: fail
    type: lambda
    function: echo
    payload: {key: "${secret('canary')}", fail: true}
"""


def test_a_secret_goes_through_every_call_and_is_told_to_nobody_else(live: Live) -> None:
    live.secret("canary")
    live.shop.answers["/refused"] = json_reply({"why": f"no {CANARY}"}, status=403, **{"X-Why": CANARY})
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", FUNCTION)
    live.aws("lambda").create_function(
        FunctionName="echo",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="index.handler",
        Code={"ZipFile": code.getvalue()},
    )
    queue = live.aws("sqs").create_queue(QueueName="every-call")["QueueUrl"]
    execution = live.run(EVERY_CALL, "every-call", {"url": live.shop.url, "queue": queue})
    ended = live.ended(execution)
    assert (ended["error"]["name"][:7], ended["error"]["message"]) == ("lambda.", "refused: ***")
    text, stash = live.everything(execution), ended["stash"]
    assert stash["called"] == {"echo": {"key": "***", "fail": False}}
    assert stash["received"]["Messages"][0]["Body"] == "***"
    assert stash["refused"]["name"] == "http.Status.403"
    assert "lost" in stash
    sent = live.request(f"/echo?key={CANARY}")
    assert CANARY in sent.body.decode()
    for spelling in (CANARY, b64encode(f"ada:{CANARY}".encode()).decode()):
        assert spelling not in text
    stored = [item for table in live.aws("dynamodb").list_tables()["TableNames"] for item in live.scanned(table)]
    assert len(stored) > 5
    assert CANARY not in json.dumps(stored, default=str)


def test_an_input_of_5_mb_comes_out_whole_and_one_of_9_mb_in_parts(live: Live) -> None:
    says = "id: says\nsteps: [{id: say, type: transform, output: '${input}'}, {id: rest, type: wait, seconds: 1}]"
    value = {"rows": [{"id": number, "text": "x" * 90} for number in range(45_000)]}
    found = live.ended(live.run(says, "says", value))
    assert (found["state"], found["output"]) == ("ExecutionSucceeded", None)
    assert live.ask("GET", found["references"]["/output"]["link"]) == value
    text = json.dumps({"rows": ["x" * 100] * 85_000}).encode()
    upload, bytes_ = live.ask("POST", f"{TENANT}/uploads")["id"], {"Content-Type": "application/octet-stream"}
    for number, start in enumerate(range(0, len(text), 4_000_000), 1):
        part = text[start : start + 4_000_000]
        assert live.sedo.ask("PUT", f"{TENANT}/uploads/{upload}/{number}", part, bytes_)[0] == 204
    started = live.ask("POST", f"{TENANT}/definitions/says/execute", {"upload": upload})
    link = live.ended(started["id"])["references"]["/output"]["link"]
    assert live.sedo.ask("GET", link)[0] == 413
    assert live.ask("GET", link + "&path=length(rows)") == 85_000


def test_a_search_engine_that_ends_is_started_again_and_filled(live: Live) -> None:
    execution = live.run("id: found-again\nsteps: [{id: greet, type: echo, message: hi}]\n", "found-again", {})
    os.kill(live.sedo.search_engine_pid(), signal.SIGKILL)
    assert "osmem-server has ended by itself: see " in live.sedo.read_until("it is started again")
    live.sedo.read_until("the index of the search engine: ")
    while not (found := live.ask("GET", f"{TENANT}/search?definition=found-again"))["items"] or not found["isWhole"]:
        assert live.sedo.process.poll() is None
    assert [each["id"] for each in found["items"]] == [execution]
