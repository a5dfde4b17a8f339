"""What all operations of the API share."""

from chalicelib.api.cursors import Cursors
from chalicelib.core.values.value import value


@value
class ApiSupport:
    """What operations share."""

    cursors: Cursors
