"""A stage as it is on AWS: packaged by the command that deploys it, in a ministack whose functions run the package."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any
from zipfile import ZipFile

import boto3
import pytest
from samtranslator.translator.transform import transform

from deploy.package import PROJECT
from deploy.release import StageStack, located, publish, upload
from deploy.resources import ensure_token_keys
from deploy.unpacked import OF_LAMBDA, interpreter
from deploy.versions import versioned
from local import backend
from tests import contract
from tests.clients import ask_other
from tests.deploy.http_front_door import HttpFrontDoor
from tests.deploy.test_package import WHEELS

VERSION = "3.12"
BUCKET = "releases"
TENANT = "/sedo/tenants/123"
TAGS = r"-(cp312-cp312|cp\d+-abi3)-.*x86_64"
"""Of the wheels for that Python."""
HERE = MappingProxyType({"lambda_architecture": "x86_64"})


def found_python() -> str:
    """Find the Python of the package, or skip the test."""
    here = interpreter(VERSION)
    if here is None or not WHEELS.is_dir():
        pytest.skip(f"there is no Python {VERSION} here, or no wheels: make install downloads them")
    return here


def project(folder: Path, changes: Mapping[str, Any] = HERE, source: Path = PROJECT, **variables: str) -> Path:
    """Copy the project, with variables for its functions; unless told otherwise for the processor of this machine."""
    shutil.copytree(source / "chalicelib", folder / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(source / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".chalice").mkdir()
    for each in (source / ".chalice").glob("*.json"):
        shutil.copy(each, folder / ".chalice")
    shutil.copy(source / "app.py", folder)
    shutil.copy(PROJECT / "requirements.txt", folder)  # whose wheels are here
    config = json.loads((folder / ".chalice" / "config.json").read_text()) | {**changes}
    config["stages"]["prod"]["environment_variables"].update(variables)
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    return folder


def checked_out(commit: str, folder: Path) -> Path:
    """Unpack what the package of a commit is made of, or skip the test where the history is not here."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("there is no git here")
    command = [git, "archive", "--format=zip", commit, "app.py", "chalicelib", "deploy", ".chalice"]
    made = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"this clone does not have the commit {commit}: {made.stderr.decode().strip()}")
    with ZipFile(io.BytesIO(made.stdout)) as opened:
        opened.extractall(folder)
    return folder


def place(name: str) -> Path:
    """Find the file or the folder of a package that the tests run with."""
    found = find_spec(name)
    assert found is not None
    assert found.origin is not None
    origin = Path(found.origin)
    return origin.parent if origin.name == "__init__.py" else origin


def beside(folder: Path) -> Path:
    """Put what Lambda brings along in a folder of its own."""
    folder.mkdir()
    for name in OF_LAMBDA:
        (folder / place(name).name).symlink_to(place(name))
    return folder


def required(folder: Path) -> Path:
    """Unpack what the package needs to be made, for its Python and the processor of this machine."""
    for wheel in WHEELS.glob("*.whl"):
        if wheel.name.endswith("-none-any.whl") or re.search(TAGS, wheel.name):
            with ZipFile(wheel) as opened:
                opened.extractall(folder)
    return folder


def package(made_of: Path, requirements: Path, out: Path) -> Path:
    """Do what ``make package STAGE=prod`` does."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(made_of),
        "PYTHONPATH": f"{requirements}:{place('chalice').parent}",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(WHEELS),
        "PIP_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": backend.REGION,
    }
    command = [found_python(), "-m", "deploy.package", "prod", str(out)]
    done(subprocess.run(command, cwd=made_of, env=environment, capture_output=True, text=True, check=False))
    return out


def done(process: "subprocess.CompletedProcess[str]") -> str:
    assert process.returncode == 0, process.stderr + process.stdout
    return process.stdout


def expanded(template: Mapping[str, Any]) -> Any:
    """Do what CloudFormation does for ``Transform: AWS::Serverless``."""
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = backend.REGION
    try:
        return transform(json.loads(json.dumps(template)), {}, SimpleNamespace(load=dict))
    finally:
        os.environ.pop("AWS_DEFAULT_REGION")
        os.environ.update({} if before is None else {"AWS_DEFAULT_REGION": before})


def counted(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Any:
    """Put numbers in the place of the parameters that are numbers: ministack keeps their text."""
    numbers = {
        name: int(parameters.get(name, each["Default"]))
        for name, each in template["Parameters"].items()
        if each["Type"] == "Number"
    }

    def number(found: dict[str, Any]) -> Any:
        return numbers.get(found["Ref"], found) if found.keys() == {"Ref"} else found

    return json.loads(json.dumps(template), object_hook=number)


@contextmanager
def ministack(ministack_python: Path, folder: Path) -> Iterator[backend.Backend]:
    """Start a ministack whose functions have the Python of the package, and what Lambda brings along."""
    subprocess.run([found_python(), "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    (own,) = ministack_python.parents[1].glob("lib/python*/site-packages")
    (folder / "env" / "lib" / f"python{VERSION}" / "site-packages" / "ministack.pth").write_text(f"{own}\n")
    more = {"PYTHONPATH": str(beside(folder / "lambda")), "PERSIST_STATE": "0"}
    with backend.running(folder / "env" / "bin" / "python", folder / "data", more) as running:
        yield running


class Deployed:
    """The stage ``prod``, in a ministack."""

    def __init__(self, running: backend.Backend, log: Path) -> None:
        self.log = log
        self.endpoint, self.host = running.endpoint, running.endpoint.removeprefix("http://")
        self.stack = StageStack(self.client("cloudformation"), "sedo-prod", poll_seconds=0.1)
        self.client("s3").create_bucket(Bucket=BUCKET)
        ensure_token_keys(self.client("ssm"), "sedo-prod")
        self.fields: dict[str, str] = {}
        self.holds_contract = True
        """Whether what answers is of this release."""
        self.http_api: HttpFrontDoor | None = None
        """Asked in place of the REST API."""

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name=backend.REGION, **keys)

    def bring(self, made: Path, **parameters: str) -> bool:
        """Do what ``python -m deploy.release`` does, and what CloudFormation does with the template first."""
        s3 = self.client("s3")
        template = json.loads((made / "sam.json").read_text())
        values = self.stack.values(template, parameters)
        placed = versioned(located(template, lambda name: upload(s3, BUCKET, made / name)), values)
        whole = counted(expanded(placed), parameters)
        return self.stack.change(publish(s3, BUCKET, whole), parameters, template["Parameters"])

    def bring_http_api(self, made: Path, **parameters: str) -> None:
        """Put the HTTP API in the place of the REST API, and ask that from now on."""
        assert self.bring(made, FrontDoor="http", **parameters)
        self.http_api = HttpFrontDoor(json.loads((made / "sam.json").read_text()), self.client("lambda"))

    def make_key(self) -> None:
        """Do as ``python -m deploy.access admin 123`` says."""
        self.fields = {"Authorization": f"Bearer {self.command('deploy.access', 'admin', '123').strip()}"}

    def command(self, module: str, *arguments: str) -> str:
        """Do what ``python -m module`` does with this stage; answer what it prints."""
        environment = {
            **{name: found for name, found in os.environ.items() if not name.startswith(("AWS_", "SEDO_"))},
            "SEDO_PREFIX": "sedo-prod",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": backend.REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        command = [sys.executable, "-m", module, *arguments]
        return done(subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False))

    def raw(
        self, method: str, path: str, body: object = None, fields: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask API Gateway."""
        content = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
        if self.http_api is not None:
            return self.http_api.ask(method, path, fields, content)
        api = self.stack.outputs()["RestAPIId"]
        place = f"/restapis/{api}/api/_user_request_{path}"
        return ask_other(self.host, method, place, content, dict(fields))

    def ask(self, method: str, path: str, body: object = None, kind: str = "application/json", **fields: str) -> Any:
        status, answer = self.answered(method, path, body, {"Content-Type": kind, **self.fields, **fields})
        assert status < 300, answer
        return answer

    def answered(self, method: str, path: str, body: object, fields: Mapping[str, str]) -> tuple[int, Any]:
        """Ask, and hold the answer against the contract; answer its status and what it says."""
        status, headers, answer = self.raw(method, path, body, fields)
        if self.holds_contract:
            contract.hold(method, path, status, headers, answer)
        return status, json.loads(answer or b"null")

    def start(self, definition: str, value: object) -> str:
        name = self.ask("POST", f"{TENANT}/definitions", definition, "application/yaml")["id"]
        return f"{TENANT}/executions/{self.ask('POST', f'{TENANT}/definitions/{name}/execute', {'input': value})['id']}"

    def ended(self, path: str) -> Any:
        """Read an execution once it has ended."""
        return self.until(f"{path}?wait=20", lambda found: found["endedAt"] and found)

    def waited(self, path: str, member: str) -> str:
        """Read what an execution waits for, once it does: a ``task``, an ``execution``, or what has a ``token``."""
        found = self.until(f"{path}?wait=1", lambda seen: [w[member] for w in seen["waitingFor"] if member in w])
        return str(found[0])

    def until(self, path: str, ready: Callable[[Any], Any]) -> Any:
        """Ask until an answer has what is wanted; a child execution is there a little later than its parent says."""
        for _ in range(90):
            status, found = self.answered("GET", path, None, {"Content-Type": "application/json", **self.fields})
            assert status < 300 or status == 404, found
            if status != 404 and (wanted := ready(found)):
                return wanted
        raise AssertionError(f"{found}\n{self.log.read_text()[-5000:]}")
