"""What a person sees in the terminal."""

import sys
import time


def say(line: str) -> None:
    """Write one line to stderr, with the time of day."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
