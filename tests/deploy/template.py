"""The template of a stage as Chalice makes it, without a package: ``python -m tests.deploy.template STAGE``."""

import json
import os
import sys
from typing import Any

from botocore.session import Session
from chalice.awsclient import TypedAWSClient
from chalice.cli.factory import CLIFactory
from chalice.deploy.appgraph import ApplicationGraphBuilder, DependencyBuilder
from chalice.deploy.deployer import BuildStage, InjectDefaults, PolicyGenerator, SwaggerBuilder
from chalice.deploy.models import LambdaFunction
from chalice.deploy.swagger import CFNSwaggerGenerator
from chalice.package import PackageOptions, ResourceBuilder, SAMTemplateGenerator, TemplateDeepMerger
from chalice.utils import OSUtils

from deploy.package import PROJECT, stack


def template(stage: str) -> Any:
    """Make it, with the variables of the stage."""
    merged = stack(stage)
    config = CLIFactory(str(PROJECT), environ=os.environ).create_config_obj(chalice_stage_name=stage)
    steps = [InjectDefaults(), PolicyGenerator(None, OSUtils()), SwaggerBuilder(CFNSwaggerGenerator())]
    builder = ResourceBuilder(ApplicationGraphBuilder(), DependencyBuilder(), BuildStage(steps))
    resources = builder.construct_resources(config, stage)
    for each in resources:
        if isinstance(each, LambdaFunction):
            each.deployment_package.filename = "./deployment.zip"
    generator = SAMTemplateGenerator(config, PackageOptions(TypedAWSClient(Session())))
    return TemplateDeepMerger().merge(merged, generator.generate(resources))


if __name__ == "__main__":
    print(json.dumps(template(sys.argv[1])))
