"""The package that is deployed: ``python -m deploy.package STAGE FOLDER`` makes it, whole or not at all.

Chalice leaves out what has no wheel for the C library of Lambda, warns, and ends as though all were well.
"""

import argparse
import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

from deploy.bytecode import CompileError, add_bytecode
from deploy.policies import stages
from deploy.shares import WHOLE, divide
from deploy.stack.template import merge_template

PROJECT = Path(__file__).parents[1]
REQUIREMENTS = PROJECT / "requirements.txt"
DEPLOYABLE = ("3.12", "3.13")
"""Pythons whose packages are tested; under 3.11 Lambda's C library is too old for RE2 on x86_64."""

CHALICE = "import sys; from chalice.cli import main; sys.exit(main())"


class IncompleteError(Exception):
    """A package lacks requirements."""


def missing(package: Path, requirements: Path = REQUIREMENTS) -> list[str]:
    """Find the requirements that a package lacks, as they are pinned."""
    with ZipFile(package) as opened:
        found = {_normal(name.partition(".dist-info/")[0]) for name in opened.namelist() if ".dist-info/" in name}
    lines = (line.partition("#")[0].strip() for line in requirements.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and _normal(line.replace("==", "-")) not in found]


def require_whole(package: Path) -> None:
    """Delete a package that lacks requirements, so that it cannot be deployed.

    Raises:
        IncompleteError: it did.
    """
    if lacks := missing(package):
        package.unlink()
        raise IncompleteError(
            f"the package lacks {', '.join(lacks)}, and was deleted: "
            f"make it with Python {' or '.join(DEPLOYABLE)}, for which Lambda can have all requirements"
        )


def require_deployable(version: tuple[int, int] = sys.version_info[:2]) -> None:
    """End here under a Python whose package no function could load, or that nobody tried.

    Raises:
        SystemExit: with the command that takes another Python.
    """
    if (name := "{}.{}".format(*version)) not in DEPLOYABLE:
        sys.exit(
            f"a stage is packaged and deployed with Python {' or '.join(DEPLOYABLE)}, and this is {name}:"
            f" give the same command PYTHON=python{DEPLOYABLE[0]}"
        )


def stack(stage: str) -> Mapping[str, Any]:
    """Write what the template of a stage has beside what Chalice writes; the variables of the stage are set then."""
    found = next(each for each in stages() if each.name == stage)
    os.environ.update(found.environment)
    return merge_template(found, importlib.import_module("app").app)


def main(arguments: list[str] | None = None) -> None:
    """Make the package of a stage, with the template of CloudFormation that deploys it."""
    parser = argparse.ArgumentParser(prog="python -m deploy.package", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("stage", choices=[each.name for each in stages()])
    parser.add_argument("folder", type=Path, help="where to put deployment.zip, api.zip, authorizer.zip and sam.json")
    asked = parser.parse_args(arguments)
    require_deployable()
    with TemporaryDirectory() as folder:
        template = Path(folder) / "stack.json"
        template.write_text(json.dumps(stack(asked.stage)), encoding="utf-8")
        options = ["package", "--stage", asked.stage, "--merge-template", str(template), str(asked.folder.resolve())]
        made = subprocess.run([sys.executable, "-c", CHALICE, *options], cwd=PROJECT, check=False)  # noqa: S603 - Chalice
    if made.returncode:
        sys.exit(made.returncode)
    try:
        require_whole(asked.folder / WHOLE)
        add_bytecode(asked.folder / WHOLE)
        for each in divide(asked.folder / WHOLE):
            print(f"{each.name}: {each.stat().st_size / 1_000_000:.2f} MB")
    except (IncompleteError, CompileError) as error:
        sys.exit(str(error))


def _normal(name: str) -> str:
    """Write a name and a version as they are compared (Python Packaging User Guide, "Names and normalization")."""
    return re.sub(r"[-_]+", "-", name).lower()


if __name__ == "__main__":
    main()
