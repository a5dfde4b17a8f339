"""Step Functions of a stand-in for AWS, which a command starts: moto's or ministack's."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen
from uuid import uuid4

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from protocol import serve

_, ENDPOINT, FOLDER, *COMMAND = sys.argv[1:]
ROLE = "arn:aws:iam::123456789012:role/peer"
PASS = {"Type": "Pass", "Parameters": {"text.$": "States.Format('step {}', $.id)"}, "ResultPath": "$.last"}


def machine(shape: str, count: int) -> dict:
    if shape == "http":
        raise NotImplementedError("it does no http:invoke")
    if shape == "fan-out":
        line = {"StartAt": "line", "States": {"line": {"Type": "Pass", "Result": "line", "End": True}}}
        each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": line, "End": True}
        return {"StartAt": "each", "States": {"each": each}}
    names = [f"s{n}" for n in range(count)]
    ways = [{"Next": name} for name in names[1:]] + [{"End": True}]
    return {"StartAt": "s0", "States": {name: PASS | way for name, way in zip(names, ways, strict=True)}}


def client():
    return boto3.client(
        "stepfunctions",
        endpoint_url=ENDPOINT,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",  # noqa: S106 - nobody looks at it
    )


machines: dict[tuple[str, int], str] = {}


def run(shape: str, count: int) -> int:
    if (shape, count) not in machines:
        made = client_.create_state_machine(
            name=f"{shape}-{count}", definition=json.dumps(machine(shape, count)), roleArn=ROLE
        )
        machines[shape, count] = made["stateMachineArn"]
    given = json.dumps({"id": "x", "items": list(range(count))})
    started = client_.start_execution(stateMachineArn=machines[shape, count], name=str(uuid4()), input=given)
    arn = started["executionArn"]
    while (found := client_.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.002)
    if found["status"] != "SUCCEEDED":
        raise RuntimeError(found.get("cause") or found["status"])
    return len(json.loads(found["output"])) if shape == "fan-out" else count


log = (Path(FOLDER) / "log").open("w")
server = subprocess.Popen(COMMAND, stdout=log, stderr=log, env=os.environ | {"HOME": FOLDER})
try:
    client_ = client()
    for _ in range(120):
        try:
            client_.list_state_machines()
            if "moto.server" in COMMAND:  # which runs nothing, unless told to
                body = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()
                urlopen(Request(f"{ENDPOINT}/moto-api/config", body, {"Content-Type": "application/json"})).read()
            break
        except (BotoCoreError, ClientError):
            time.sleep(0.5)
    serve(run)
finally:
    server.terminate()
    server.wait(20)
