"""Stages and installations apart: each has its own tables, queues, parameters, secrets and logs."""

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from chalice.config import Config
from chalice.deploy.appgraph import ApplicationGraphBuilder, DependencyBuilder
from chalice.deploy.deployer import PolicyGenerator
from chalice.deploy.models import FileBasedIAMPolicy, LambdaFunction
from chalice.utils import OSUtils
from hypothesis import given
from hypothesis import strategies as st

from app import app
from chalicelib.adapters.dynamodb.tables import TABLES
from chalicelib.wiring.settings import Settings
from deploy.policies import FUNCTIONS, DeployedStage, files, policy, stages

PROJECT = Path(__file__).parents[2]
STAGES = {stage.name: stage for stage in stages()}

every_stage = pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)

PIECES = sorted({piece for table in TABLES for piece in (table.name, *table.name.split("_"))} | {"dev", "a", "-", "_"})
PREFIXES = st.lists(st.sampled_from([*PIECES, "sedo"]), max_size=3).map(lambda pieces: "".join(["s", *pieces])[:42])
"""Prefixes that begin alike, and such as end as the name of a table begins."""


def places(stage: DeployedStage) -> set[str]:
    """Name everything that an installation has."""
    names, prefix = stage.names, stage.settings.prefix
    found = {f"dynamodb:eu-west-1:1:table/{names.table(table)}" for table in TABLES}
    found |= {f"{table}/index/by-due" for table in found}
    found |= {f"sqs:eu-west-1:1:{queue}" for queue in names.queues}
    found |= {f"ssm:eu-west-1:1:parameter/{prefix}/{path}" for path in ("token-keys", "1/secrets/a/b")}
    found.add(f"secretsmanager:eu-west-1:1:secret:{prefix}/1/pay-AbCdEf")
    return {f"arn:aws:{place}" for place in found}


def patterns(stage: DeployedStage) -> set[str]:
    return {
        resource
        for function in FUNCTIONS
        for statement in policy(function, stage)["Statement"]
        for resource in statement["Resource"]
    }


def of(prefix: str, secrets: str = "ssm") -> DeployedStage:
    return DeployedStage("sedo", "any", Settings.from_environment({"SEDO_PREFIX": prefix, "SEDO_SECRETS": secrets}))


@given(PREFIXES, PREFIXES, st.sampled_from(["ssm", "secretsmanager"]))
def test_no_statement_is_about_what_another_installation_has(mine: str, other: str, secrets: str) -> None:
    if mine == other:
        return
    there = places(of(other))
    assert not [(each, name) for each in patterns(of(mine, secrets)) for name in there if fnmatchcase(name, each)]


@given(PREFIXES)
def test_every_statement_is_about_something(prefix: str) -> None:
    stage = of(prefix)
    mine = places(stage) | places(of(prefix, "secretsmanager"))
    dead = [each for each in patterns(stage) if not any(kind in each for kind in (":logs:", "/index/", "/stream/"))]
    assert not [each for each in dead if not any(fnmatchcase(name, each) for name in mine)]


def test_the_stages_and_make_run_have_prefixes_and_log_groups_of_their_own() -> None:
    config = json.loads((PROJECT / ".chalice" / "config.json").read_text())["stages"]
    prefixes = {name: stage["environment_variables"]["SEDO_PREFIX"] for name, stage in config.items()}
    assert len({*prefixes.values()}) == len(prefixes)
    groups = [{each for each in patterns(stage) if ":logs:" in each} for stage in STAGES.values()]
    assert len(set.union(*groups)) == sum(map(len, groups))


def test_every_function_of_the_application_has_its_duty() -> None:
    sources = {source.name for source in app.event_sources}
    authorizers = {handler.name for handler in app.builtin_auth_handlers}
    assert {"api_handler"} | sources | authorizers == FUNCTIONS.keys()


def test_a_function_may_receive_from_the_queue_that_it_is_handed_messages_of() -> None:
    queues = {source.name: source.queue for source in app.event_sources if hasattr(source, "queue")}
    names = Settings.from_environment().names
    assert queues == {name: getattr(names, duty.receives) for name, duty in FUNCTIONS.items() if duty.receives}


@every_stage
def test_chalice_gives_each_function_a_role_with_its_policy_and_no_other(stage: DeployedStage) -> None:
    functions = planned(stage.name)
    assert functions.keys() == FUNCTIONS.keys()
    roles = [function.role.role_name for function in functions.values()]
    assert len({*roles}) == len(roles)
    for name, function in functions.items():
        assert function.function_name == stage.function_name(name)
        assert isinstance(function.role.policy, FileBasedIAMPolicy)
        assert function.role.policy.document == policy(name, stage)


def planned(stage: str) -> dict[str, LambdaFunction]:
    """Plan a deployment as Chalice does, up to what would call AWS; answer its functions."""
    project, disk = str(PROJECT), json.loads((PROJECT / ".chalice" / "config.json").read_text())
    config = Config(stage, user_provided_params={"chalice_app": app, "project_dir": project}, config_from_disk=disk)
    resources = DependencyBuilder().build_dependencies(ApplicationGraphBuilder().build(config, stage))
    read = PolicyGenerator(None, OSUtils())
    for resource in resources:
        read.handle(config, resource)
    return {resource.resource_name: resource for resource in resources if isinstance(resource, LambdaFunction)}


def test_chalice_has_the_files_that_are_made_and_no_others() -> None:
    there = {path.name for path in (PROJECT / ".chalice").glob("*.json")}
    assert there == {name for name, _ in files()} | {"config.json"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_policy_fits_into_a_role(function: str) -> None:
    text = json.dumps(policy(function, of("p" * 42)), separators=(",", ":"))
    assert len(text) <= 10_240  # IAM and AWS STS quotas: aggregate size of inline policies of a role


@every_stage
def test_nothing_is_allowed_by_half_a_name(stage: DeployedStage) -> None:
    """A ``*`` stands for a region, an account, a tenant, or a whole last part, and in no action."""
    prefix = stage.settings.prefix
    for function in FUNCTIONS:
        for statement in policy(function, stage)["Statement"]:
            assert not any("*" in action for action in [*statement.get("Action", ()), *statement.get("NotAction", ())])
            for resource in statement["Resource"]:
                name = resource.split(":", 5)[5]
                stars = name
                for whole in ("/index/*", "/stream/*", f"{prefix}/*", "/secrets/*"):
                    stars = stars.replace(whole, "")
                assert "*" not in stars.removesuffix(":*")
