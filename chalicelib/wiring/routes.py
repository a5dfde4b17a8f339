"""The operations that the routes of ``app.py`` call, wired to their use cases."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from secrets import token_hex
from typing import TYPE_CHECKING

from chalicelib.adapters.calls.tokens import Tokens
from chalicelib.api.access import AccessApi
from chalicelib.api.actions import AccessConditions
from chalicelib.api.admission import Gatekeeper
from chalicelib.api.answers import AnswerApi
from chalicelib.api.audit import AuditApi
from chalicelib.api.auditing import Auditor
from chalicelib.api.console import ConsoleApi, SignIn
from chalicelib.api.cursors import Cursors
from chalicelib.api.definitions import DefinitionApi
from chalicelib.api.dry_runs import DryRunApi
from chalicelib.api.executions import ExecutionApi
from chalicelib.api.health import HealthApi
from chalicelib.api.incidents import IncidentApi
from chalicelib.api.reference import ReferenceApi
from chalicelib.api.replies import Replies
from chalicelib.api.standstill import StandstillApi
from chalicelib.api.support import ApiSupport
from chalicelib.api.tasks import TaskApi
from chalicelib.api.uploads import UploadApi
from chalicelib.api.values import ValueApi
from chalicelib.core.definitions.model import StepType
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.values.value import value
from chalicelib.core.waits.token import SigningKey
from chalicelib.ports import Definitions
from chalicelib.usecases.access import AccessService
from chalicelib.usecases.audit import AuditLog
from chalicelib.usecases.composition import Services
from chalicelib.usecases.uploads import UploadService
from chalicelib.usecases.values import DownloadService
from chalicelib.wiring.adapters import Adapters

if TYPE_CHECKING:
    from chalicelib.api.schedules import ScheduleApi
    from chalicelib.api.search import SearchApi


@value
class Routes:
    """Everything that routes use."""

    health: HealthApi
    reference: ReferenceApi
    console: ConsoleApi
    access: AccessApi
    definitions: DefinitionApi
    executions: ExecutionApi
    answers: AnswerApi
    tasks: TaskApi
    dry_runs: DryRunApi
    values: ValueApi
    uploads: UploadApi
    standstill: StandstillApi
    incidents: IncidentApi
    audit: AuditApi
    search: "Callable[[], SearchApi]"
    """Made, and its code loaded, for the first search."""
    schedules: "Callable[[], ScheduleApi]"
    """The same, for the first request for schedules."""


def routes(  # noqa: PLR0913 - by keyword
    *,
    adapters: Adapters,
    services: Services,
    definitions: Definitions,
    step_types: Mapping[str, StepType],
    keys: Callable[[], Sequence[SigningKey]],
    tokens: Tokens,
    gatekeeper: Gatekeeper,
    access: AccessService,
    sign_in: SignIn | None,
) -> Routes:
    """Wire them; ``definitions`` are parsed ones."""
    log, clock = AuditLog(adapters.audit, adapters.clock), adapters.clock
    auditor, replies = Auditor(log, access.cache.quotas), Replies(adapters.replies, clock, lambda: token_hex(8))
    support = ApiSupport(Cursors(keys), replies, gatekeeper, AccessConditions(services.executions), auditor)
    downloads = None if adapters.downloads is None else DownloadService(adapters.downloads)
    uploads = UploadApi(support, UploadService(adapters.uploads, clock, lambda: token_hex(16)))
    return Routes(
        health=HealthApi(support, adapters.health, adapters.incidents.all_open, adapters.queue_depths),
        reference=ReferenceApi(support, step_types),
        console=ConsoleApi(support, sign_in),
        access=AccessApi(support, access),
        definitions=DefinitionApi(support, services.definitions),
        executions=_executions(support, services, tokens, uploads, adapters),
        answers=AnswerApi(support, services.answers, lambda: token_hex(8)),
        tasks=TaskApi(support, services.tasks, downloads),
        dry_runs=DryRunApi(support, services.definitions, definitions, adapters.clock),
        values=ValueApi(support, services.values, adapters.clock, downloads),
        uploads=uploads,
        standstill=StandstillApi(support, services.standstill),
        incidents=IncidentApi(support, cache(lambda: services.incidents(adapters.incidents))),
        audit=AuditApi(support, log),
        search=cache(lambda: _search(support, adapters)),
        schedules=cache(lambda: _schedules(support, services, adapters)),
    )


def _executions(
    support: ApiSupport, services: Services, tokens: Tokens, uploads: UploadApi, adapters: Adapters
) -> ExecutionApi:
    return ExecutionApi(
        support,
        *(services.executions, services.start_batches, services.execution_details),
        lambda *turn: tokens.issue(CallKey(*turn)),
        *(uploads.read, adapters.queue_depths),
    )


def _search(support: ApiSupport, adapters: Adapters) -> "SearchApi":
    from chalicelib.api.search import SearchApi  # noqa: PLC0415 - few requests search
    from chalicelib.usecases.search import SearchService  # noqa: PLC0415 - the same

    return SearchApi(support, SearchService(adapters.search, adapters.executions, adapters.clock))


def _schedules(support: ApiSupport, services: Services, adapters: Adapters) -> "ScheduleApi":
    from chalicelib.api.schedules import ScheduleApi  # noqa: PLC0415 - few requests are for schedules

    return ScheduleApi(support, services.schedules(adapters.schedules()))
