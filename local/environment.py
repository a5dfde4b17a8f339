"""The environment variables of the application and its AWS clients, on this machine."""

import json
import os
from collections.abc import MutableMapping
from pathlib import Path

from chalice.config import Config

from local.backend import REGION

STAGE = "local"
ELSEWHERE = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
"""What would lead the clients to a real account."""


def chalice_config(project: Path) -> Config:
    """Read the stage ``local`` of the project's ``.chalice/config.json``."""
    text = (project / ".chalice" / "config.json").read_text()
    return Config(chalice_stage=STAGE, config_from_disk=json.loads(text))


def set_environment(environment: MutableMapping[str, str], config: Config, endpoint: str) -> None:
    """Point the application at the endpoint, with the variables of its stage where they are not set already."""
    for name in [name for name in environment if name in ELSEWHERE or name.startswith("AWS_ENDPOINT_URL_")]:
        del environment[name]
    for name, value in config.environment_variables.items():
        environment.setdefault(name, value)
    environment.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_REGION=REGION,
        AWS_DEFAULT_REGION=REGION,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",  # noqa: S106 what ministack knows, and takes addresses of S3 that are signed with
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )
