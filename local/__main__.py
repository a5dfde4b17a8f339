"""``python -m local``: sedo on this machine, with everything it needs, until Ctrl-C.

``PORT`` (8000) is the port of the API; ``SEDO_HOME`` (``.sedo``) holds ministack's environment, the data and the logs.
"""

import os
import signal
import sys
from pathlib import Path

from local.errors import LocalError
from local.supervisor import run


def main() -> int:
    """Run until told to stop: 0; or until something fails: 1."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # an end of any kind is a KeyboardInterrupt
    home = Path(os.environ.get("SEDO_HOME", ".sedo"))
    try:
        run(home, os.environ.get("PORT", "8000"))
    except LocalError as error:
        print(f"sedo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sedo has stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
