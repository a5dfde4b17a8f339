"""What AWS asks for what sedo uses."""

from datetime import date

from chalicelib.core.values.value import value

MILLION = 1_000_000
FUNCTION_MB = 512
"""Memory of the functions, as ``.chalice/config.json`` has it."""


@value
class Prices:
    """Dollars by unit, in one region, without free tiers, savings plans and taxes."""

    region: str
    since: date
    """The day of the newest change of a price that is in here."""
    write_unit: float
    """A write request unit: 1 KB written (Amazon DynamoDB pricing for on-demand capacity, Standard table class)."""
    read_unit: float
    """A read request unit: 4 KB read strongly consistent (the same page)."""
    queue_request: float
    """64 KB of a request to a standard queue (Amazon SQS pricing)."""
    invocation: float
    """A call of a function (AWS Lambda pricing)."""
    gigabyte_second: float
    """A second of a function on arm64, for each gigabyte of its memory (AWS Lambda pricing, first tier)."""


PRICES = Prices(
    region="us-east-1",
    since=date(2024, 11, 1),  # on-demand requests of DynamoDB cost half of what they did
    write_unit=0.625 / MILLION,
    read_unit=0.125 / MILLION,
    queue_request=0.40 / MILLION,
    invocation=0.20 / MILLION,
    gigabyte_second=0.0000133334,
)
