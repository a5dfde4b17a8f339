"""The package that is deployed: ``python -m deploy.package STAGE FOLDER`` makes it, whole or not at all.

Chalice leaves out what has no wheel for the C library of Lambda, warns, and ends as though all were well.
"""

import argparse
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile, ZipFile

from chalice.cli.factory import CLIFactory
from chalice.config import Config
from chalice.deploy.packager import (
    DependencyBuilder,
    LambdaDeploymentPackager,
    NoSuchPackageError,
    PackageDownloadError,
)
from chalice.utils import UI, OSUtils

from deploy.bytecode import CompileError, add_bytecode
from deploy.policies import stages
from deploy.shares import WHOLE, divide
from deploy.stack.template import merge_template

PROJECT = Path(__file__).parents[1]
REQUIREMENTS = PROJECT / "requirements.txt"
DEPLOYABLE = ("3.12", "3.13")
"""Pythons whose packages are tested; under 3.11 Lambda's C library is too old for RE2 on x86_64."""

CHALICE = "import sys; from chalice.cli import main; sys.exit(main())"


TEMPLATE = "sam.json"
"""What the shares are deployed by."""


class IncompleteError(Exception):
    """There is no package, or it lacks requirements."""


def missing(package: Path, requirements: Path = REQUIREMENTS) -> list[str]:
    """Find the requirements that a package lacks, as they are pinned."""
    with ZipFile(package) as opened:
        found = {_normal(name.partition(".dist-info/")[0]) for name in opened.namelist() if ".dist-info/" in name}
    lines = (line.partition("#")[0].strip() for line in requirements.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and _normal(line.replace("==", "-")) not in found]


def require_whole(package: Path, requirements: Path = REQUIREMENTS) -> None:
    """Delete a package that lacks requirements, so that it cannot be deployed.

    Raises:
        IncompleteError: it did.
    """
    if lacks := missing(package, requirements):
        package.unlink()
        raise IncompleteError(
            f"the package lacks {', '.join(lacks)}, and was deleted: "
            f"make it with Python {' or '.join(DEPLOYABLE)}, for which Lambda can have all requirements"
        )


def keep_whole(config: Config, ui: UI) -> Path:
    """Have Chalice make the package of a project, which it keeps and takes again as long as nothing changes.

    One that was broken off while it was written, or that lacks something, would be taken again and again.

    Raises:
        IncompleteError: it cannot be made, or lacks requirements.
    """
    project, version, osutils = Path(config.project_dir), config.lambda_python_version, OSUtils()
    builder = DependencyBuilder(osutils, architecture=config.lambda_architecture)
    packager = LambdaDeploymentPackager(osutils, builder, ui, config.lambda_architecture)
    kept = Path(packager.deployment_package_filename(str(project), version))
    requirements = project / "requirements.txt"
    if kept.exists() and not _is_whole(kept, requirements):
        kept.unlink()
    try:
        made = Path(packager.create_deployment_package(str(project), version))
    except (NoSuchPackageError, PackageDownloadError) as error:
        raise IncompleteError(f"{error}: pip finds no package that Lambda can have; is there a network?") from None
    require_whole(made, requirements)
    return made


def _is_whole(package: Path, requirements: Path) -> bool:
    try:
        return not missing(package, requirements)
    except BadZipFile:
        return False


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
    (asked.folder / TEMPLATE).unlink(missing_ok=True)
    with TemporaryDirectory() as name:
        made = Path(name) / "made"
        try:
            _make(asked.stage, made)
        except (IncompleteError, CompileError) as error:
            sys.exit(str(error))
        asked.folder.mkdir(parents=True, exist_ok=True)
        for each in sorted(made.iterdir(), key=lambda each: each.name == TEMPLATE):
            shutil.move(each, asked.folder / each.name)


def _make(stage: str, folder: Path) -> None:
    """Make the package and its template in a folder of its own: what is broken off is not taken for a package."""
    template = folder.with_name("stack.json")
    template.write_text(json.dumps(stack(stage)), encoding="utf-8")
    config = CLIFactory(str(PROJECT), environ=os.environ).create_config_obj(chalice_stage_name=stage)
    keep_whole(config, UI())
    options = ["package", "--stage", stage, "--merge-template", str(template), str(folder)]
    made = subprocess.run([sys.executable, "-c", CHALICE, *options], cwd=PROJECT, check=False)  # noqa: S603 - Chalice
    if made.returncode:
        sys.exit(made.returncode)
    add_bytecode(folder / WHOLE)
    for each in divide(folder / WHOLE):
        print(f"{each.name}: {each.stat().st_size / 1_000_000:.2f} MB")


def _normal(name: str) -> str:
    """Write a name and a version as they are compared (Python Packaging User Guide, "Names and normalization")."""
    return re.sub(r"[-_]+", "-", name).lower()


if __name__ == "__main__":
    main()
