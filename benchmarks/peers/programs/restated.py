"""Restate: its server and a service of its Python SDK, each in a process of its own."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

SERVER, BINARY, FOLDER = sys.argv[1:4]
HOST = "127.0.0.1"


def service(port: int) -> None:
    import hypercorn.asyncio
    import hypercorn.config
    import restate

    peer = restate.Service("peer")

    def ask(number: int) -> str:
        with urlopen(f"{SERVER}/{number}") as answer:
            return answer.read().decode()

    @peer.handler()
    async def run(context: restate.Context, given: dict) -> int:
        shape, count = given["shape"], given["count"]
        step = ask if shape == "http" else "step {}".format
        if shape == "fan-out":
            started = [context.run("line", lambda n=n: step(n)) for n in range(count)]
            return len([await each for each in started])
        return len([await context.run(f"s{n}", lambda n=n: step(n)) for n in range(count)])

    config = hypercorn.config.Config()
    config.bind, config.loglevel = [f"{HOST}:{port}"], "ERROR"
    asyncio.run(hypercorn.asyncio.serve(restate.app([peer]), config))


def free() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return listener.getsockname()[1]


def post(url: str, body: object) -> bytes:
    asked = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(asked, timeout=120) as answer:
        return answer.read()


def main() -> None:
    from protocol import serve

    ingress, admin, node, own = (free() for _ in range(4))
    environment = os.environ | {
        "RESTATE_INGRESS__BIND_ADDRESS": f"{HOST}:{ingress}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"{HOST}:{admin}",
        "RESTATE_BIND_ADDRESS": f"{HOST}:{node}",
        "RESTATE_ADVERTISED_ADDRESS": f"http://{HOST}:{node}",
        "RESTATE_BASE_DIR": FOLDER,
        "RESTATE_DISABLE_TELEMETRY": "true",
        "RESTATE_LOG_FILTER": "error",
    }
    log = (Path(FOLDER) / "log").open("w")
    here = [sys.executable, __file__, *sys.argv[1:4], str(own)]
    started = [
        subprocess.Popen([BINARY], env=environment, stdout=log, stderr=log),
        subprocess.Popen(here, stdout=log, stderr=log),
    ]
    try:
        for attempt in range(60):
            try:
                post(f"http://{HOST}:{admin}/deployments", {"uri": f"http://{HOST}:{own}"})
                break
            except OSError:
                if attempt == 59 or any(each.poll() is not None for each in started):
                    raise
                time.sleep(0.5)
        serve(lambda shape, count: int(post(f"http://{HOST}:{ingress}/peer/run", {"shape": shape, "count": count})))
    finally:
        for each in started:
            each.kill()  # what it stored is thrown away
            each.wait()


if len(sys.argv) > 4:
    service(int(sys.argv[4]))
else:
    main()
