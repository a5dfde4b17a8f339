"""The use case of a stopped tenant: pause all of its running executions."""

from collections.abc import Callable
from datetime import timedelta

from chalicelib.core.access.quotas import Quotas
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.listing import ExecutionFilter, states_named
from chalicelib.core.executions.model import Execution
from chalicelib.core.values.errors import ExecutionNotFoundError, StateError
from chalicelib.core.values.value import value
from chalicelib.ports import Clock, ExecutionStore

PAGE = 100
"""Executions that are listed at a time."""
WITHIN = timedelta(seconds=15)
"""How long one call goes on to pause; an API call has 29 seconds (Amazon API Gateway quotas, "Integration timeout")."""


@value
class Standstill:
    """Pauses some executions in each call; a repeat goes on where the call before has ended."""

    executions: ExecutionStore
    quotas: Callable[[str], Quotas]
    pause: Callable[[str, str, str | None, str | None], Execution]
    """Pauses an execution of a tenant, and all that it has begun; it is told who asks, and why."""
    clock: Clock

    def pause_all(self, tenant_id: str, actor: str | None = None, reason: str | None = None) -> tuple[int, bool]:
        """Pause the executions that run and that no other has started, the oldest first, for some seconds.

        Answers how many were paused, and whether more may run.

        Raises:
            StateError: the tenant is not stopped: it would start others meanwhile.
            UnavailableError: a store did not answer; those that were paused stay so.
        """
        if not self.quotas(tenant_id).stopped:
            raise StateError("the tenant is not stopped: stop it first, or it starts others meanwhile")
        wanted = ExecutionFilter(tenant_id, states_named("running"), oldest_first=True)
        until, count, after = self.clock.now() + WITHIN, 0, None
        while True:
            page = self.executions.list(wanted, self.clock.now(), PAGE, after)
            for found in page.found:
                if self.clock.now() >= until:
                    return count, True
                count += self._is_paused(found.id, actor, reason)
            if page.following is None:
                return count, False
            after = page.following

    def _is_paused(self, execution_id: str, actor: str | None, reason: str | None) -> bool:
        """Pause an execution; tell whether it had not ended before."""
        try:
            self.pause(ExecutionId.tenant_of(execution_id), execution_id, actor, reason)
        except (ExecutionNotFoundError, StateError):
            return False
        return True
