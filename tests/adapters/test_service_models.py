from pathlib import Path

import pytest
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader

from chalicelib.adapters.service_models import ServiceModels


@pytest.mark.parametrize("service", ["dynamodb", "sqs", "ssm", "secretsmanager"])
@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "paginators-1"])
def test_models_are_those_that_botocore_reads(service: str, kind: str) -> None:
    assert ServiceModels().load_service_model(service, kind) == Loader().load_service_model(service, kind)


def test_their_members_keep_their_order() -> None:
    ours, theirs = (kind().load_data("endpoints") for kind in (ServiceModels, Loader))
    assert [*ours["partitions"][0]["services"]] == [*theirs["partitions"][0]["services"]]


def test_what_is_not_there_is_missed() -> None:
    with pytest.raises(UnknownServiceError, match="nosuch"):
        ServiceModels().load_service_model("nosuch", "service-2")
    with pytest.raises(DataNotFoundError):
        ServiceModels().load_service_model("sqs", "nosuch")


def test_models_of_other_folders_are_found(tmp_path: Path) -> None:
    model = tmp_path / "mine" / "2026-01-01" / "service-2.json"
    model.parent.mkdir(parents=True)
    model.write_text('{"a": 1}')
    assert ServiceModels([str(tmp_path)]).load_service_model("mine", "service-2") == {"a": 1}
