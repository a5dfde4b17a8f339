"""Conditions of access, and the refused ``actions`` of an answer.

Beside the right that the contract asks for, a definition can ask a condition of callers. That costs nothing where
``SEDO_AUTH`` is ``none``. Elsewhere a definition is read, once in a process, and an execution if a condition reads it.
"""

from collections.abc import Callable
from functools import cache

from chalicelib.api.contract import ApiRequest, operations
from chalicelib.core.access.conditions import missing_role, unmet, unmet_of
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.model import Execution
from chalicelib.core.records.shown import nothing
from chalicelib.core.values.actions import Refused
from chalicelib.core.values.errors import ConditionError
from chalicelib.core.values.value import copy_with, value
from chalicelib.core.waits.correlation import Waiter
from chalicelib.core.waits.task import Task
from chalicelib.usecases.executions import ExecutionService

STARTING = ("execute", "redrive", "resume")
"""Actions that no tenant may take that is stopped."""


@value
class AccessConditions:
    """Holds callers to the conditions of definitions."""

    service: ExecutionService

    def problem(self, request: ApiRequest, key: str, execution: Execution, *, whole: bool = True) -> str | None:
        """Tell which condition a caller does not meet.

        An execution that is not ``whole`` is read if need be. Of a partition of a `map` the input is that of the whole.
        """
        subject, now = request.admission.subject, self.service.clock.now()
        if subject is None:
            return None
        version = execution.tenant_id, execution.definition_id, execution.definition_version
        definition = self.service.parsed.get(*version)
        if key not in definition.access:
            return None
        if execution.partition is not None and key != "read":
            main = self.service.read_execution(execution.tenant_id, str(execution.partition.execution["id"]))
            execution = copy_with(execution, input=main.input)
        elif not whole and key != "read":
            execution = self.service.read_execution(execution.tenant_id, execution.id)
        return unmet_of(definition, execution, key, subject, now)

    def require(self, request: ApiRequest, key: str, execution: Execution | None = None) -> None:
        """Refuse what a condition does not allow with an execution: that in the path, if none is given.

        Raises:
            ConditionError: the caller does not meet it.
            ExecutionNotFoundError: the tenant has none of this id.
        """
        if request.admission.subject is None:
            return
        is_whole = execution is not None
        found = execution or self.service.read_outline(*request.place, nothing).execution
        if (problem := self.problem(request, key, found, whole=is_whole)) is not None:
            raise ConditionError(f"that {problem}")

    def require_start(self, request: ApiRequest, execution: Execution, newest: int) -> None:
        """Refuse a start that ``execute`` does not allow: that of its version, and that of the newest one.

        Raises:
            ConditionError: the caller does not meet it.
        """
        for version in {execution.definition_version, newest}:
            self.require(request, "execute", copy_with(execution, definition_version=version))

    def problem_of_start(self, request: ApiRequest, definition_id: str, version: int) -> str | None:
        """Tell which role a caller lacks for a start of a definition; what depends on the input, the start tells."""
        subject = request.admission.subject
        if subject is None:
            return None
        definition = self.service.parsed.get(request.path["tenantId"], definition_id, version)
        return missing_role(definition, "execute", subject)

    def require_version(self, request: ApiRequest, version: int | None) -> None:
        """Refuse a redrive of the execution in the path with another version, unless it might be started and read.

        Raises:
            ConditionError: the caller does not meet a condition.
            DefinitionNotFoundError, ExecutionNotFoundError: there is no such version, or execution.
        """
        if request.admission.subject is None or version is None:
            return
        self.require(request, "read")
        execution = self.service.read_execution(*request.place)
        changed = copy_with(execution, definition_version=version)
        place, read = (execution.tenant_id, execution.definition_id), self.service.definitions.read_definition
        read(*place, version)
        self.require_start(request, changed, read(*place).version)
        self.require(request, "cancel", changed)

    def concealed(self, request: ApiRequest, execution: Execution) -> str | None:
        """Tell why the caller may not read an execution; None: they may."""
        missing = request.admission.problem("executions:read", execution.definition_id)
        return missing or self.problem(request, "read", execution)

    def is_private(self, execution: Execution) -> bool:
        """Tell whether the definition of an execution says who may read it."""
        place = execution.tenant_id, execution.definition_id, execution.definition_version
        return "read" in self.service.parsed.get(*place).access

    def concealed_of(self, request: ApiRequest, definition_id: str, version: int | None) -> str | None:
        """Tell why the caller may not read executions of a version of a definition; None: they may.

        Without a version it is the newest one, though the definition be retired.
        """
        missing, subject = request.admission.problem("executions:read", definition_id), request.admission.subject
        if missing is not None or subject is None:
            return missing
        tenant, service = request.path["tenantId"], self.service
        newest = None if version is not None else service.definitions.definitions.newest(tenant, definition_id)
        which = version if newest is None else newest.version
        if which is None:
            return None
        return unmet(service.parsed.get(tenant, definition_id, which), which, "read", subject, service.clock.now())

    def readable(self, request: ApiRequest) -> Callable[[str, int], bool] | None:
        """Make the predicate of the versions of definitions whose executions a caller may see; None: all."""
        subject, now, tenant = request.admission.subject, self.service.clock.now(), request.path["tenantId"]
        if subject is None:
            return None

        @cache
        def is_readable(definition: str, version: int) -> bool:
            return unmet(self.service.parsed.get(tenant, definition, version), version, "read", subject, now) is None

        return is_readable

    def sees(self, request: ApiRequest) -> Callable[[Waiter], bool]:
        """Make the predicate of the waiters for an event that a caller may see."""
        is_readable, problem = self.readable(request), request.admission.problem

        def sees(waiter: Waiter) -> bool:
            name = ExecutionId.parse(waiter.execution).definition
            return problem("executions:read", name) is None and (
                is_readable is None or not waiter.version or is_readable(name, waiter.version)
            )

        return sees

    def problem_of_task(self, request: ApiRequest, task: Task) -> str | None:
        """Tell which condition a caller does not meet who wants to do a task."""
        if request.admission.subject is None or not task.definition_version:
            return None
        version = task.tenant_id, task.definition_id, task.definition_version
        if "complete" not in self.service.parsed.get(*version).access:
            return None
        return self.problem(request, "complete", self.service.read_execution(task.tenant_id, task.execution_id))


def refusals(
    request: ApiRequest, operation: str, name: str, condition: Callable[[], str | None] = lambda: None
) -> Refused:
    """Make the function that tells which right or condition keeps a caller from an action of an answer.

    Args:
        request: asks for the answer that names actions.
        operation: makes of an action the id of its operation: ``{}_task``.
        name: of the thing.
        condition: tells which one is not met.
    """
    declared, unmet_condition = operations(), cache(condition)

    def refused(action: str) -> str | None:
        right = declared[operation.format(action)]["right"]
        is_stopped = action in STARTING and request.support.gatekeeper.is_stopped(request.path["tenantId"])
        return request.admission.problem(right, name) or ("the tenant is stopped" if is_stopped else unmet_condition())

    return refused
