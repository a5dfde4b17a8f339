"""From what was used to dollars.

Requests and units have their prices. A function's time is not measured where it costs money, so it has a model, with
these constants. What it computes costs the same at any memory size, as CPU grows with memory up to a whole vCPU: the
CPU seconds that were measured here are billed as seconds of a function of the memory at which it has one. What it
waits costs its own memory: each request that it waits for takes :data:`REQUEST_SECONDS`; requests of threads beside
each other are waited for together. What the other side of an http step takes to answer is not in it. The vCPU of Lambda
is taken to be as fast as the machine of the measurement. Functions run on arm64 (``lambda_architecture``).
"""

from dataclasses import dataclass

from benchmarks.metering import Usage
from chalicelib.core.values.prices import FUNCTION_MB, MILLION, PRICES, Prices

VCPU_MB = 1769
"""Memory at which a function has one vCPU (AWS Lambda Developer Guide, "Configure Lambda function memory")."""

MEMORY_MB = FUNCTION_MB

REQUEST_SECONDS = 0.005
"""Of a request to DynamoDB or SQS in the same region: an assumption of November 2026, "single-digit milliseconds"."""

GIGABYTE_MB = 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """What a step costs, on the average of all that were measured."""

    requests: float
    """To DynamoDB and SQS, the poller's included."""
    write_units: float
    read_units: float
    dollars: float
    """Of a million steps."""
    dollars_counted: float
    """Of that, what comes of counts alone: all but the time of functions."""
    cpu_ms: float
    invocations: float

    @property
    def row(self) -> dict[str, float]:
        """Make the values that ``results.json`` holds."""
        return {
            "requests_per_step": round(self.requests, 4),
            "write_units_per_step": round(self.write_units, 4),
            "read_units_per_step": round(self.read_units, 4),
            "dollars_per_million_steps": round(self.dollars, 4),
            "invocations_per_step": round(self.invocations, 4),
            "cpu_ms_per_step": round(self.cpu_ms, 4),
        }


def cost(usage: Usage, steps: int, prices: Prices = PRICES) -> Cost:
    """Price what ``steps`` steps used."""
    counted = (
        usage.write_units * prices.write_unit
        + usage.read_units * prices.read_unit
        + usage.queue_requests * prices.queue_request
        + usage.invocations * prices.invocation
    )
    return Cost(
        requests=usage.requests / steps,
        write_units=usage.write_units / steps,
        read_units=usage.read_units / steps,
        dollars=(counted + gigabyte_seconds(usage) * prices.gigabyte_second) / steps * MILLION,
        dollars_counted=counted / steps * MILLION,
        cpu_ms=usage.cpu_seconds / steps * 1000,
        invocations=usage.invocations / steps,
    )


def gigabyte_seconds(usage: Usage) -> float:
    """Tell for how much function time Lambda would bill, by the model above."""
    return (usage.cpu_seconds * VCPU_MB + usage.waits * REQUEST_SECONDS * MEMORY_MB) / GIGABYTE_MB


def sleeping(seconds: float, prices: Prices = PRICES) -> float:
    """Price a function that sleeps for so long, a million times."""
    return seconds * MEMORY_MB / GIGABYTE_MB * prices.gigabyte_second * MILLION
