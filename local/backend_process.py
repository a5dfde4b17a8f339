"""The process of ministack, run with ministack's own Python: serves until it is told to end, and keeps its state.

By itself ministack saves its state only at an orderly end. Here it is saved every second too, so that kill -9 or a
power cut takes a second of work and not all of it; with a large state it is more, and ``make run`` says so. DynamoDB
and SQS are answered on the event loop without a break, so what is saved from there is one consistent moment; an end in
the middle of saving leaves some tables or queues as they were saved before. The process ends at SIGTERM, and when the
one who started it is gone: standard input ends.
"""

import asyncio
import os
import signal
import sys
import time

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack
from ministack.core.persistence import save_all

SAVE_EVERY_SECONDS = 1.0
SAVE_SHARE = 0.02  # of the time, at most, goes into saving a large state


async def save_regularly() -> None:
    """Save the state every second, less often when it is large."""
    pause = SAVE_EVERY_SECONDS
    while True:
        await asyncio.sleep(pause)
        started = time.monotonic()
        save_all(ministack._build_persistence_save_dict())  # noqa: SLF001 ministack names no public way to save
        pause = max(SAVE_EVERY_SECONDS, (time.monotonic() - started) / SAVE_SHARE)


async def run() -> None:
    """Serve on BIND_HOST and GATEWAY_PORT until SIGTERM, or until standard input ends; then save the state."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def end() -> None:
        loop.remove_reader(sys.stdin)
        stop.set()

    loop.add_reader(sys.stdin, end)
    loop.add_signal_handler(signal.SIGTERM, end)
    config = Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = os.environ["LOG_LEVEL"]
    saving = asyncio.create_task(save_regularly())
    await serve(ministack.app, config, shutdown_trigger=stop.wait)
    saving.cancel()


if __name__ == "__main__":
    asyncio.run(run())
