"""The AWS durable execution SDK, with the runner of its testing package and its store in memory."""

import json
import sys
from typing import Any
from urllib.request import urlopen

from aws_durable_execution_sdk_python.config import StepConfig
from aws_durable_execution_sdk_python.context import DurableContext
from aws_durable_execution_sdk_python.execution import durable_execution
from aws_durable_execution_sdk_python_testing.runner import DurableFunctionTestRunner
from protocol import serve

SERVER = sys.argv[1]


def ask(name: int) -> str:
    with urlopen(f"{SERVER}/{name}") as answer:
        return answer.read().decode()


def item(context: DurableContext, number: int, _index: int, _items: Any) -> str:
    return context.step(lambda _: f"line {number}", name="line")


@durable_execution
def workflow(event: dict[str, Any], context: DurableContext) -> int:
    shape, count = event["shape"], event["count"]
    if shape == "fan-out":
        return len(context.map(range(count), item, name="each").get_results())
    step = ask if shape == "http" else "step {}".format
    return len([context.step(lambda _, n=n: step(n), name=f"s{n}", config=StepConfig()) for n in range(count)])


with DurableFunctionTestRunner(handler=workflow) as runner:
    serve(
        lambda shape, count: int(runner.run(json.dumps({"shape": shape, "count": count}), execution_timeout=120).result)
    )
