"""How a program of a peer is asked: a shape and a number of steps a line, and a line of JSON back."""

import json
import signal
import sys
import time
from collections.abc import Callable


def serve(run: Callable[[str, int], object]) -> None:
    """Run the shapes that standard input asks for, until it ends; tell how many seconds each took.

    Args:
        run: runs a shape (``echo``, ``http`` or ``fan-out``) of so many steps, and answers how many results there are.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that what was started is ended
    answers, sys.stdout = sys.stdout, sys.stderr  # what others print is no answer
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        shape, count = line.split()
        begun = time.perf_counter()
        try:
            found = run(shape, int(count))
            took = time.perf_counter() - begun
            answer = {"seconds": took} if found == int(count) else {"error": f"there are {found!r} results"}
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
