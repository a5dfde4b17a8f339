"""Intrinsic functions of CloudFormation, as they are written in JSON."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Block: TypeAlias = Mapping[str, Any]
"""A part of a template."""
NOTHING: Block = {"Ref": "AWS::NoValue"}
"""The value of a property that is left out."""


def ref(name: str) -> Block:
    """Name a resource, or a parameter."""
    return {"Ref": name}


def get_att(resource: str, attribute: str) -> Block:
    """Read an attribute of a resource."""
    return {"Fn::GetAtt": [resource, attribute]}


def sub(text: str, **values: object) -> Block:
    """Write a text with placeholders."""
    return {"Fn::Sub": [text, values] if values else text}


def when(condition: str, value: object, otherwise: object = NOTHING) -> Block:
    """Choose by a condition."""
    return {"Fn::If": [condition, value, otherwise]}


def resource(kind: str, properties: Block, **attributes: object) -> Block:
    """Declare a resource."""
    return {"Type": f"AWS::{kind}", **attributes, "Properties": properties}


def logical_id(name: str, suffix: str = "") -> str:
    """Name a resource of a template: letters and digits."""
    return "".join(word.title() for word in name.replace("-", "_").split("_")) + suffix
