"""The stage of a command: a deployed one, or the one that ``make run`` runs on this machine."""

import os
from argparse import ArgumentParser
from pathlib import Path

from chalicelib.core.values.errors import SetupError
from chalicelib.wiring.settings import Settings
from deploy.policies import LOCAL, stages
from local.access import reach


def settings_of(name: str | None, parser: ArgumentParser) -> Settings:
    """Read the settings of a stage, and for that of this machine say in the environment where it is.

    The command ends here where there is none of that name, or none runs.
    """
    known = {each.name: each.settings for each in stages()}
    if name == LOCAL:
        home = Path(os.environ.get("SEDO_HOME", ".sedo"))
        try:
            reach(home)
        except OSError:
            parser.error(f"sedo does not run on {home}: start it first, with make run")
    elif name is not None and name not in known:
        parser.error(f"there is no stage {name}: .chalice/config.json has {', '.join(known)}, and {LOCAL} is make run")
    return settings_here(parser) if name in {None, LOCAL} else known[name]


def settings_here(parser: ArgumentParser) -> Settings:
    """Read the settings of this process; the command ends here where one of them is wrong."""
    try:
        return Settings.from_environment()
    except SetupError as error:
        parser.error(str(error))
