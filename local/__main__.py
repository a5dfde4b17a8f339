"""``python -m local``: sedo on this machine, with everything it needs, until Ctrl-C.

``PORT`` (8000) is the port of the API; ``SEDO_HOME`` (``.sedo``) holds ministack's environment, the data and the logs.
"""

import os
import signal
import sys
from pathlib import Path

from chalicelib.core.values.errors import SetupError
from local.errors import LocalError
from local.supervisor import run
from local.terminal import say


def main() -> int:
    """Run until told to stop: 0; or until something fails: 1."""
    _interrupt_on(signal.SIGINT)
    _interrupt_on(signal.SIGTERM)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # nohup has it ignored
        _interrupt_on(signal.SIGHUP)
    home = Path(os.environ.get("SEDO_HOME", ".sedo"))
    try:
        run(home, os.environ.get("PORT", "8000"))
    except (LocalError, SetupError) as error:
        print(f"sedo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("sedo has stopped")
    return 0


def _interrupt_on(number: signal.Signals) -> None:
    signal.signal(number, signal.default_int_handler)


if __name__ == "__main__":
    sys.exit(main())
