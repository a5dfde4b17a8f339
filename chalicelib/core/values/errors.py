"""Everything that can go wrong, as one tree; the docstring is the default message."""

from collections.abc import Sequence

from chalicelib.core.values.json import Json, Problem


class SedoError(Exception):
    """sedo cannot do this."""

    retry_after: float | None = None
    """After how many seconds the same request may succeed; None: nothing tells."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.title())

    @classmethod
    def title(cls) -> str:
        """Name the kind of error in a few words, without the full stop."""
        return (cls.__doc__ or "").strip().splitlines()[0].rstrip(".")


class InvalidError(SedoError):
    """what was sent is not valid."""

    def __init__(self, message: str | None = None, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message or (problems[0].message if problems else None))
        self.problems = tuple(problems)


class InvalidDefinitionError(InvalidError):
    """definition is not valid."""


class InvalidInputError(InvalidError):
    """input does not pass inputSchema validation."""


class InvalidAnswerError(InvalidError):
    """answer does not pass inputSchema validation."""


class DryRunLimitError(InvalidError):
    """the dry run takes too much."""


class MalformedError(InvalidError):
    """body cannot be read."""


class TooLargeError(SedoError):
    """body is too large."""


class MediaTypeError(SedoError):
    """Unsupported Media Type."""


class AnswerTooLargeError(TooLargeError):
    """the answer is too large."""


class NotFoundError(SedoError):
    """there is no such thing."""


class DefinitionNotFoundError(NotFoundError):
    """definition not found."""


class ExecutionNotFoundError(NotFoundError):
    """execution not found."""


class ValueNotFoundError(NotFoundError):
    """value not found."""


class UploadNotFoundError(NotFoundError):
    """upload not found."""


class TaskNotFoundError(NotFoundError):
    """task not found."""


class IncidentNotFoundError(NotFoundError):
    """incident not found."""


class ScheduleNotFoundError(NotFoundError):
    """schedule not found."""


class ForbiddenError(SedoError):
    """this is not yours to do."""


class UnknownCallerError(SedoError):
    """who asks is not known."""


class MissingRightError(ForbiddenError):
    """a right is missing."""


class ConditionError(ForbiddenError):
    """a condition of the definition is not met."""


class ClosedError(SedoError):
    """sedo answers nobody here: nothing says who may ask."""


class TenantNotFoundError(NotFoundError):
    """tenant not found."""


class ConflictError(SedoError):
    """it is there already, with other content."""


class ValueChangedError(ConflictError):
    """the value has changed."""


class KeyInUseError(ConflictError):
    """a request with this key is under way.

    ``retry_after`` is after how many seconds it may be over: most take less than one.
    """

    retry_after = 1


class KeyReusedError(SedoError):
    """the key belongs to another request."""


class PreconditionFailedError(SedoError):
    """it is not as the request asks that it be."""


class StateError(ConflictError):
    """its state does not allow that."""


class NotYetError(StateError):
    """its state does not allow that yet.

    ``retry_after`` is after how many seconds it may: most take less than one.
    """

    retry_after = 1


class OutgrownError(StateError):
    """the execution has no room for more."""


class UnknownEventError(StateError):
    """no step takes an event of this name."""


class TooManyWaitersError(StateError):
    """too many steps wait for the same event."""


class TooManyEventsError(StateError):
    """too many events are kept for the same key."""


class UnavailableError(SedoError):
    """a service did not answer: if this was to change something, it may have."""


class NoRoomError(UnavailableError):
    """What a function works on beside this leaves it no memory; trying again is right."""


class NotBegunError(SedoError):
    """there was no time left for it: nothing was begun."""


class UnknownFormatError(UnavailableError):
    """What is stored is of a later release, which is being deployed or was rolled back; this one leaves it alone."""

    def __init__(self, subject: str, version: str) -> None:
        super().__init__(f"{subject} is of format {version}, which only a later release of sedo can read")


class QuotaError(SedoError):
    """a quota of the tenant is reached.

    ``retry_after`` is after how many seconds it may be otherwise.
    """

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TenantStoppedError(QuotaError):
    """the tenant is stopped."""


class HistoryBrokenError(SedoError):
    """history does not match its hashes: it was changed after it was written."""


class DamagedError(SedoError):
    """what is stored is damaged."""


class PayloadLostError(SedoError):
    """a large value is not there, or is not what was put there."""


class SetupError(SedoError):
    """sedo is not set up: something that it needs is missing or malformed."""


class TokenError(SedoError):
    """token is not valid."""


class TokenExpiredError(TokenError):
    """token has expired."""


class StepError(SedoError):
    """A step failed.

    ``name`` is what ``catch`` and ``retry`` match, ``details`` any JSON that helps to see why, ``retry_after`` after
    how many seconds the other side wants to be asked again, ``unanswered`` whether it may have done what it was asked
    though it gave no answer that can be read, ``origin`` the step and the attempt of which it is the error, if that is
    another one.
    """

    name = "StepFailed"

    def __init__(  # noqa: PLR0913 - what is known of an error
        self,
        message: str | None = None,
        name: str | None = None,
        details: Json = None,
        retry_after: float | None = None,
        *,
        unanswered: bool = False,
        origin: tuple[str, int] | None = None,
    ) -> None:
        super().__init__(message)
        self.name = name or type(self).name
        self.details = details
        self.retry_after = retry_after
        self.unanswered = unanswered
        self.origin = origin


class EvaluationError(ValueError):
    """What an expression cannot do with its values, in words for people."""


class TemplateError(StepError):
    """A template cannot be rendered."""

    name = "TemplateFailed"


class TemplateBudgetError(TemplateError):
    """A template costs more than its budget."""

    name = "TemplateBudgetExceeded"


class InvalidParametersError(StepError):
    """The rendered parameters do not fit the step type."""

    name = "InvalidParameters"


class StepTimeoutError(StepError):
    """The step took longer than its time."""

    name = "Timeout"


class PoisonError(StepError):
    """The message that drives this step was received too often without success."""

    name = "Poison"


class ResultTooLargeError(StepError):
    """The result is too large."""

    name = "TooLarge"


class InvalidOutputError(StepError):
    """The output does not pass outputSchema validation."""

    name = "InvalidOutput"


class SpawnLimitError(StepError):
    """The execution may start no further execution."""

    name = "SpawnLimit"


class IdTakenError(StepError):
    """The id of the execution that the step starts is taken."""

    name = "IdTaken"


UNTHOUGHT = (
    "sedo met something in this step that it has not thought of: the details have the cause, for whoever mends it"
)


class InternalError(StepError):
    """Something that sedo has not thought of went wrong in the step."""

    name = "Internal"

    @classmethod
    def of(cls, error: Exception, *, unanswered: bool = False) -> "InternalError":
        """Tell of what nobody has thought of: its own words are for whoever mends sedo, and no part of the message."""
        return cls(UNTHOUGHT, details={"cause": f"{type(error).__name__}: {error}"}, unanswered=unanswered)


class InterruptedCallError(StepError):
    """Whether the call was done is not known: look there, then redrive with again: true."""

    name = "Interrupted"


class HeartbeatTimeoutError(StepError):
    """Whoever was to answer has been silent for too long."""

    name = "HeartbeatTimeout"


class OverdueError(StepError):
    """The task was not done in time."""

    name = "task.Overdue"


class BranchesFailedError(StepError):
    """None of the branches of a `parallel` that waits for the first has succeeded."""

    name = "BranchesFailed"


class ItemsFailedError(StepError):
    """More items failed than are tolerated."""

    name = "ItemsFailed"
