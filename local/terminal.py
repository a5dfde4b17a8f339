"""Lines for the person at the terminal."""

import sys
import time


def say(line: str) -> None:
    """Tell what is being done, on stdout."""
    print(line, flush=True)


def log(line: str) -> None:
    """Write what happened as one line to stderr, with the time of day."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
