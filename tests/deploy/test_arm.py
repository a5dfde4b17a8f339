"""What `make package` makes for the processor that functions have."""

import json
from collections import Counter
from pathlib import Path
from zipfile import ZipFile

import pytest

from deploy.package import missing
from deploy.shares import WITHOUT
from tests.deploy.stage import WHEELS, found_python, package, project, required


@pytest.mark.timeout(300)
def test_the_package_of_a_stage_is_whole_and_for_arm(tmp_path: Path) -> None:
    found_python()
    if not [*WHEELS.glob("*aarch64.whl")]:
        pytest.skip("there are no wheels for aarch64: make install downloads them")
    made = package(project(tmp_path / "project", {}), required(tmp_path / "required"), tmp_path / "package")
    lacks = {name: {each.partition("==")[0] for each in missing(made / name)} for name in WITHOUT}
    unused = {"jinja2", "markupsafe"}
    assert lacks == {name: {*unused, *(["cryptography"] if name != "authorizer.zip" else [])} for name in WITHOUT}
    for name in WITHOUT:
        with ZipFile(made / name) as opened:
            compiled = [each for each in opened.namelist() if each.endswith(".so")]
        assert compiled
        assert [each for each in compiled if "x86_64" in each] == []
    template = json.loads((made / "sam.json").read_text())
    functions = [each for each in template["Resources"].values() if each["Type"] == "AWS::Serverless::Function"]
    assert {each["Properties"]["Architectures"][0] for each in functions} == {"arm64"}
    assert Counter(each["Properties"]["CodeUri"] for each in functions) == {
        "./deployment.zip": 6,
        "./api.zip": 1,
        "./authorizer.zip": 1,
    }
