"""The versions of functions: the API calls a function by its newest one, so whatever changes of it publishes another.

SAM by itself sees the code and the variables as the template writes them. The value of a parameter is not there: the
function would be changed, and its version would stay (AWS SAM Developer Guide, "AutoPublishCodeSha256").
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any


def versioned(template: Mapping[str, Any], values: Mapping[str, object]) -> dict[str, Any]:
    """Say in a template which version each function with an alias is of; ``values`` are those of its parameters."""
    resources = {
        name: {**each, "Properties": {**each["Properties"], "AutoPublishCodeSha256": _version(each, template, values)}}
        if "AutoPublishAlias" in each.get("Properties", {})
        else each
        for name, each in template["Resources"].items()
    }
    return {**template, "Resources": resources}


def _version(function: Mapping[str, Any], template: Mapping[str, Any], values: Mapping[str, object]) -> str:
    """Hash what a function is, with the values of the parameters that its properties name."""
    given = {name: str(values[name]) for name in sorted({*_parameters(function["Properties"], template)})}
    return hashlib.sha256(json.dumps([function["Properties"], given], sort_keys=True).encode()).hexdigest()


def _parameters(block: object, template: Mapping[str, Any]) -> Iterator[str]:
    """Name the parameters in a part of a template, and in the conditions of it."""
    if isinstance(block, list):
        for each in block:
            yield from _parameters(each, template)
    elif isinstance(block, dict):
        if block.get("Ref") in template["Parameters"]:
            yield block["Ref"]
        chosen = block["Fn::If"][0] if "Fn::If" in block else block.get("Condition")
        if isinstance(chosen, str):
            yield from _parameters(template["Conditions"][chosen], template)
        yield from _parameters([*block.values()], template)
