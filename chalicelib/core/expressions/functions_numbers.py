"""Template functions that calculate."""

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

from chalicelib.core.expressions.signature import NUMBER, optional, signature
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.decimals import DIGITS, Number, decimal, remainder, total
from chalicelib.core.values.errors import EvaluationError

_MAX_BITS = 14_000
_EXACT = 2**53
"""Up to here a double has all whole numbers (IEEE 754)."""
_MAX_PLACES = LIMITS.function_places


class NumberFunctions:
    """Calculate: whole numbers stay whole where the result is exact, and fractions are calculated in decimal."""

    @signature(NUMBER, NUMBER)
    def _func_add(self, a: Number, b: Number) -> Number:
        """add(a, b): a plus b.

        add(`1`, `2`) -> 3
        add(`0.1`, `0.2`) -> 0.3
        """
        return total((a, b))

    @signature(NUMBER, NUMBER)
    def _func_subtract(self, a: Number, b: Number) -> Number:
        """subtract(a, b): a minus b.

        subtract(`1`, `2`) -> -1
        subtract(`1`, `0.9`) -> 0.1
        """
        return total((a, -b))

    @signature(NUMBER, NUMBER)
    def _func_multiply(self, a: Number, b: Number) -> Number:
        """multiply(a, b): a times b.

        multiply(`6`, `7`) -> 42
        multiply(`1.1`, `3`) -> 3.3
        """
        return a * b if _are_whole(a, b) else float(DIGITS.multiply(decimal(a), decimal(b)))

    @signature(NUMBER, NUMBER)
    def _func_divide(self, a: Number, b: Number) -> Number:
        """divide(a, b): a by b; an error if b is 0.

        divide(`6`, `3`) -> 2
        divide(`7`, `2`) -> 3.5
        """
        return _quotient(a, b)

    @signature(NUMBER, NUMBER)
    def _func_modulo(self, a: Number, b: Number) -> Number:
        """modulo(a, b): the rest of a by b, with the sign of b; an error if b is 0.

        modulo(`7`, `3`) -> 1
        modulo(`-7`, `3`) -> 2
        modulo(`1.2`, `0.1`) -> 0.0
        """
        if _are_whole(a, b):
            return a % _divisor(b)
        rest = remainder(a, _divisor(b))
        return float(rest + decimal(b) if rest and (rest < 0) is not (b < 0) else rest)

    @signature(NUMBER, NUMBER)
    def _func_power(self, a: Number, b: Number) -> Number:
        """power(a, b): a to the power of b; an error if it is no real number or has more than about 4,000 digits.

        power(`2`, `10`) -> 1024
        power(`4`, `-0.5`) -> 0.5
        """
        if abs(a) > 1 and math.log2(abs(a)) * b > _MAX_BITS:
            raise EvaluationError("power() has more digits than a number may have")
        result = a**b
        if isinstance(result, complex):
            raise EvaluationError("power() of a negative number needs a whole exponent")
        return result

    @signature({"types": ["array-number"]})
    def _func_sum(self, numbers: Sequence[Number]) -> Number:
        return total(numbers)

    @signature({"types": ["array-number"]})
    def _func_avg(self, numbers: Sequence[Number]) -> Number | None:
        return _quotient(total(numbers), len(numbers)) if numbers else None

    @signature(NUMBER, optional(NUMBER))
    def _func_round(self, number: Number, places: Number = 0) -> Number:
        """round(number, places?): to so many places after the point, 0 to 15; halves away from zero.

        round(`2.5`) -> 3
        round(`1.005`, `2`) -> 1.01
        """
        if places not in range(_MAX_PLACES + 1):
            raise EvaluationError(beyond("function_places", f"round() takes 0 to {_MAX_PLACES} places, not {places}"))
        if isinstance(number, int):
            return number
        step = Decimal(1).scaleb(-int(places))
        exact = decimal(number).quantize(step, context=Context(prec=400, rounding=ROUND_HALF_UP))
        return float(exact) if places else int(exact)


def _quotient(a: Number, b: Number) -> Number:
    """Divide.

    Raises:
        EvaluationError: by 0; or whole numbers have a quotient with more digits than a fraction can keep.
    """
    if not _are_whole(a, b):
        return float(DIGITS.divide(decimal(a), decimal(_divisor(b))))
    whole, rest = divmod(a, _divisor(b))
    if rest and abs(whole) > _EXACT:
        raise EvaluationError(
            f"{a} by {b} has more digits than a number with a fraction can keep: subtract modulo(a, b) first"
        )
    return a / b if rest else whole


def _are_whole(a: Number, b: Number) -> bool:
    return isinstance(a, int) and isinstance(b, int)


def _divisor(number: Number) -> Number:
    if not number:
        raise EvaluationError("division by zero")
    return number
