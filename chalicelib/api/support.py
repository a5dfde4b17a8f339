"""The collaborators of every operation of the API: cursors, kept answers, admission, conditions, the audit."""

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
    """The collaborators of every operation."""

    cursors: Cursors
    replies: Replies
    gatekeeper: Gatekeeper
    conditions: AccessConditions
    auditor: "Auditor"
