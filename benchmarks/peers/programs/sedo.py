"""sedo, as `make run` runs it: over ministack, asked over HTTP."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from protocol import serve

SERVER, FOLDER = sys.argv[1:3]
HOST, TENANT = "127.0.0.1", "/sedo/tenants/peers"


def definition(shape: str, count: int) -> dict:
    if shape == "fan-out":
        line = {"id": "line", "type": "echo", "message": "line ${index}"}
        each = {"id": "each", "type": "map", "items": f"${{range(`0`, `{count}`)}}", "output": "${length(output)}"}
        return {"id": "fan-out", "steps": [each | {"steps": [line]}]}
    if shape == "http":
        step = {"type": "http", "method": "GET"}
        return {"id": "http", "steps": [step | {"id": f"s{n}", "url": f"{SERVER}/{n}"} for n in range(count)]}
    return {
        "id": "echo",
        "steps": [{"id": f"s{n}", "type": "echo", "message": "step ${input.id}"} for n in range(count)],
    }


def ask(path: str, body: object) -> dict:
    for again in (True, False):
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            found = answer.read()
            break
        except (http.client.HTTPException, ConnectionError):
            connection.close()
            if not again:
                raise
    if answer.status >= 300:
        raise RuntimeError(f"{answer.status}: {found.decode()}")
    return json.loads(found)


defined: dict[tuple[str, int], str] = {}


def run(shape: str, count: int) -> int:
    if (shape, count) not in defined:
        defined[shape, count] = ask(f"{TENANT}/definitions", definition(shape, count))["id"]
    ended = ask(f"{TENANT}/definitions/{defined[shape, count]}/execute?wait=25", {"input": {"id": "x"}})
    while ended["state"] not in {"ExecutionSucceeded", "ExecutionFailed"}:
        connection.request("GET", f"{TENANT}/executions/{ended['id']}?wait=25")
        ended = json.loads(connection.getresponse().read())
    if ended["state"] != "ExecutionSucceeded":
        raise RuntimeError(json.dumps(ended))
    return ended["output"] if shape == "fan-out" else count


with socket.create_server((HOST, 0)) as listener:
    port = listener.getsockname()[1]
environment = os.environ | {"PORT": str(port), "SEDO_HOME": FOLDER}
log = (Path(FOLDER) / "log").open("w")
server = subprocess.Popen([sys.executable, "-m", "local"], stdout=log, stderr=log, env=environment)
connection = http.client.HTTPConnection(HOST, port, timeout=120)
try:
    while "sedo is ready" not in (Path(FOLDER) / "log").read_text():
        if server.poll() is not None:
            raise RuntimeError((Path(FOLDER) / "log").read_text())
        time.sleep(0.2)
    serve(run)
finally:
    connection.close()
    server.terminate()
    server.wait(30)
