"""Starts the parts of sedo in their order, watches them, and ends them in the opposite order."""

import fcntl
import http.client
import importlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path

import boto3
from botocore.config import Config as ClientConfig
from chalice.app import Chalice
from chalice.config import Config

from chalicelib.adapters import clients
from chalicelib.wiring.settings import Settings
from deploy import resources
from local import access, backend
from local.arrivals import Arrivals
from local.child import HOST
from local.drivers import drivers
from local.environment import chalice_config, set_environment
from local.errors import LocalError
from local.gateway import Gateway
from local.http_server import Server
from local.search_engine import FilledEngine, SearchEngine, executable, running_engine
from local.terminal import say

HEALTH_PATH = "/sedo/health"
HEALTH_SECONDS = 30
POLL_SECONDS = 0.2
STOP_SECONDS = 10
FUNCTION_SECONDS = 40
"""What is under way may take until it is stopped: calls of 30 seconds, and what is written after them."""
CONNECTIONS = 50  # every queue's poll, and its deletes

LOSSES = (
    "Ctrl-C loses nothing; kill -9 or a power cut loses what was answered since the data was last saved: "
    "that is done every second, and less often when there is much of it"
)

KEY = '-H "Authorization: Bearer $KEY" '

TRY_THIS = """
Try this:

  curl {key}--data-binary @definitions/example-definition.yaml -H 'Content-Type: application/yaml' \\
    {url}/sedo/tenants/123/definitions

  curl {key}--data '{{"input": {{"foo": "bar"}}}}' -H 'Content-Type: application/json' \\
    {url}/sedo/tenants/123/definitions/example-definition/execute

  curl {key}{url}/sedo/tenants/123/executions

Ctrl-C stops it; what is stored stays.
"""


def run(home: Path, port: str) -> None:
    """Run sedo until interrupted.

    Args:
        home: the folder for the data; unless ``SEDO_MINISTACK`` is set, ministack's environment is there too.
        port: of the API, on the loopback interface.

    Raises:
        LocalError: it cannot start, or ministack or the driver of a queue or schedule has ended.
    """
    with ExitStack() as stack:
        stack.enter_context(_lock(home))
        listener = stack.enter_context(_listen(port))
        url = f"http://{HOST}:{port}"
        say(f"starting ministack, its data and its log are in {home / 'data'}")
        say(LOSSES)
        ministack = stack.enter_context(backend.running(backend.interpreter(home), home / "data"))
        config = chalice_config(Path.cwd())
        access.prepare(os.environ, home / "data")
        set_environment(os.environ, config, ministack.endpoint)
        engines = _searching(stack, home)
        settings = Settings.from_environment()
        _ensure(settings.prefix)
        arrivals = Arrivals(clients.sqs())
        app: Chalice = importlib.import_module("app").app
        stack.enter_context(_serving(listener, Gateway(app, config, origins=settings.cors_origins)))
        driving = stack.enter_context(_driving(app, config, arrivals))
        filled = [FilledEngine(engine, settings) for engine in engines]
        _wait_until_healthy(url, ministack)
        how = _reached(url, ministack.endpoint, settings)
        stack.enter_context(_announced(home / "data" / access.RUNNING, **how))
        _greet(url, how["auth"])
        while True:
            ministack.check()
            for each in filled:
                each.check()
            check_driven(driving)
            time.sleep(POLL_SECONDS)


def _ensure(prefix: str) -> None:
    """Make the tables, queues and keys that are not there."""
    made = resources.ensure(clients.dynamodb(), clients.sqs(), prefix)
    resources.ensure_token_keys(clients.ssm(), prefix)
    say(f"tables and queues: {len(made)} made" if made else "tables and queues: all there")


def _reached(url: str, endpoint: str, settings: Settings) -> dict[str, str]:
    """Say how other processes reach what runs."""
    return {
        "url": url,
        "endpoint": endpoint,
        "auth": ",".join(sorted(settings.auth)),
        "issuer": settings.jwt_issuer,
        "search": settings.search_url,
        "search_auth": settings.search_auth,
    }


def _greet(url: str, auth: str) -> None:
    say(f"sedo is ready: {url}")
    say(access.notices(auth, url))
    say(TRY_THIS.format(url=url, key="" if auth == "none" else KEY))


def _searching(stack: ExitStack, home: Path) -> Sequence[SearchEngine]:
    """Start the search engine, unless there is to be none, or none is installed."""
    if os.environ.get("SEDO_SEARCH") == "none" or os.environ.get("SEDO_SEARCH_URL"):
        return ()
    try:
        program = executable(home)
    except LocalError as error:
        say(f"nothing can be searched for: {error}")
        return ()
    engine = stack.enter_context(running_engine(program, home / "data"))
    os.environ |= {"SEDO_SEARCH_URL": engine.endpoint, "SEDO_SEARCH_AUTH": "none"}
    return (engine,)


def check_driven(threads: Sequence[threading.Thread]) -> None:
    """See that every event source is driven.

    Raises:
        LocalError: one is not: sedo would look healthy, and stand still.
    """
    if not all(thread.is_alive() for thread in threads):
        raise LocalError("a queue or schedule is no longer driven: the error above says why")


@contextmanager
def _announced(file: Path, **how: str) -> Iterator[None]:
    """Let other processes know how to reach it, while it runs."""
    file.write_text(json.dumps(how))
    try:
        yield
    finally:
        file.unlink()


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalError(
                f"it runs already on {home}: stop it, or take another folder: SEDO_HOME=… make run"
            ) from None
        yield


def _listen(port: str) -> socket.socket:
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
        raise LocalError(f"PORT={port} is not a port: it is a number from 1 to 65535")
    try:
        return socket.create_server((HOST, int(port)), backlog=128)
    except OSError as error:
        raise LocalError(
            f"port {port} cannot be used ({os.strerror(error.errno or 0)}): take another: PORT=… make run"
        ) from None


@contextmanager
def _serving(listener: socket.socket, gateway: Gateway) -> Iterator[None]:
    server = Server(listener, gateway)
    threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
    try:
        yield
    finally:
        server.stop(STOP_SECONDS)


@contextmanager
def _driving(app: Chalice, config: Config, arrivals: Arrivals) -> Iterator[Sequence[threading.Thread]]:
    settings = ClientConfig(max_pool_connections=CONNECTIONS, retries={"total_max_attempts": 1})
    stop = threading.Event()
    threads = [
        threading.Thread(target=driver.run, args=(stop,), daemon=True)
        for driver in drivers(app, config, boto3.client("sqs", config=settings), arrivals)
    ]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        say(f"stopping: what is under way may end, within {FUNCTION_SECONDS} seconds")
        stop.set()
        end = time.monotonic() + FUNCTION_SECONDS
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))


def _wait_until_healthy(url: str, ministack: backend.Backend) -> None:
    end = time.monotonic() + HEALTH_SECONDS
    while (answer := _health(url)) != HTTPStatus.OK:
        ministack.check()
        if time.monotonic() > end:
            raise LocalError(f"{url}{HEALTH_PATH} answers {answer} after {HEALTH_SECONDS} seconds, not 200")
        time.sleep(POLL_SECONDS)


def _health(url: str) -> int:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=HEALTH_SECONDS)
    try:
        connection.request("GET", HEALTH_PATH)
        return connection.getresponse().status
    finally:
        connection.close()
