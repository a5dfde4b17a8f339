"""Numbers as people write them: in decimal, where 0.1 and 0.2 are 0.3 and 19.99 is a multiple of 0.01.

A number of JSON with a fraction is kept as a double (IEEE 754, binary64). Its decimal is the shortest text that names
that double.
"""

from collections.abc import Sequence
from decimal import Context, Decimal
from functools import reduce
from typing import TypeAlias

from chalicelib.core.limits import LIMITS

Number: TypeAlias = int | float

DIGITS = Context(prec=34)
"""Digits to calculate in (IEEE 754, decimal128): twice those that a double keeps."""

_QUOTIENT = Context(prec=LIMITS.number_digits + 700)
"""Digits for the quotient of the largest number and the smallest."""


def decimal(number: Number) -> Decimal:
    """Give a number in decimal."""
    return Decimal(number) if isinstance(number, int) else Decimal(repr(number))


def total(numbers: Sequence[Number]) -> Number:
    """Add numbers: whole ones exactly, with fractions among them in decimal; infinite beyond a double."""
    fractions = [number for number in numbers if isinstance(number, float)]
    whole = sum(number for number in numbers if isinstance(number, int))
    return float(reduce(DIGITS.add, map(decimal, fractions), decimal(whole))) if fractions else whole


def remainder(number: Number, divisor: Number) -> Decimal:
    """Give the rest of a division by what is not 0, with the sign of the number."""
    return _QUOTIENT.remainder(decimal(number), decimal(divisor))
