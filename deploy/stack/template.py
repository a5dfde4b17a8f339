"""The template that ``chalice package --merge-template`` merges into its own: one stack with all of a stage."""

from chalice.app import Chalice

from deploy.policies import DeployedStage
from deploy.stack.front_doors import front_doors, outputs
from deploy.stack.functions import functions
from deploy.stack.parameters import CONDITIONS, parameters
from deploy.stack.stores import outlives, stores
from deploy.stack.syntax import Block
from deploy.stack.watch import alarms, dashboard


def merge_template(stage: DeployedStage, app: Chalice) -> Block:
    """Write it; ``app`` is the application as the settings of the stage make it."""
    lasting = outlives(stage.name)
    settings = stage.settings
    chosen = parameters(lasting=lasting, values_bucket=settings.values_bucket, search_url=settings.search_url)
    return {
        "Description": f"{stage.app_name} {stage.name}: workflows, run by Lambda, SQS and DynamoDB",
        "Parameters": {each.name: each.block() for each in chosen},
        "Conditions": CONDITIONS,
        "Resources": {
            **stores(stage.names, lasting=lasting),
            **dict(functions(stage)),
            **dict(front_doors(app, stage.settings, stage.name)),
            **dict(alarms(stage)),
            "Dashboard": dashboard(stage),
        },
        "Outputs": outputs(),
    }
