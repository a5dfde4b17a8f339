"""What all operations of the API share."""

from typing import TYPE_CHECKING

from chalicelib.api.actions import AccessConditions
from chalicelib.api.admission import Gatekeeper
from chalicelib.api.cursors import Cursors
from chalicelib.api.replies import Replies
from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from chalicelib.api.auditing import Auditor


@value
class ApiSupport:
    """What operations share."""

    cursors: Cursors
    replies: Replies
    gatekeeper: Gatekeeper
    conditions: AccessConditions
    auditor: "Auditor"
