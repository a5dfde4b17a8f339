"""Auditing: what is written of a request that asks for a change, as the contract says in ``x-audit``.

An intent is written before the change, and what came of it after; a refusal has one entry. Without its intent no change
is made. What the history of an execution or of a task says already is not written again, unless the tenant asks for it.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from chalice.app import Request, Response

from chalicelib.api.contract import ApiRequest
from chalicelib.api.headers import REQUEST_ID, request_id
from chalicelib.core.access.principal import Principal
from chalicelib.core.access.quotas import Quotas
from chalicelib.core.access.rights import NOBODY
from chalicelib.core.values.errors import MissingRightError, SedoError, UnavailableError
from chalicelib.core.values.json import Json, decode
from chalicelib.core.values.log_line import line
from chalicelib.core.values.value import value
from chalicelib.usecases.audit import AuditLog

log = logging.getLogger("sedo")

REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
MAX_TEXT = 200
"""Characters that an entry has of a text of the request."""
MAX_GROUPS = 20


@value
class Auditor:
    """Writes to the audits of tenants."""

    log: AuditLog
    quotas: Callable[[str], Quotas]
    """Answers how a tenant is."""

    def refused(
        self,
        declared: Mapping[str, Any],
        http: Request,
        path: Mapping[str, str],
        refusal: tuple[Principal | None, SedoError, HTTPStatus],
    ) -> None:
        """Write that somebody was not admitted: to the audit of the tenant if they may enter it, else to nobody's."""
        principal, error, status = refusal
        if "audit" in declared:
            tenant = path.get("tenantId", NOBODY) if isinstance(error, MissingRightError) else NOBODY
            self._refused(tenant, _about(declared, http, path, principal), status, error.title())

    def around(self, declared: Mapping[str, Any], request: ApiRequest, respond: Callable[[], Response]) -> Response:
        """Answer a request, and write what it changes.

        Raises:
            UnavailableError: the intent is not written, and nothing was done.
        """
        if "audit" not in declared:
            return respond()
        path = {name: str(request.path[name]) for name in declared["path"]}
        about = _about(declared, request.http, path, request.admission.principal)
        tenant = path.get("tenantId", NOBODY)
        if "heldBy" in declared and not ("tenantId" in path and self.quotas(tenant).audits_all):
            response = respond()
            if response.status_code in REFUSED:
                self._refused(tenant, about, response.status_code, _title(response))
            return response
        intent = self.log.write(tenant, about)
        response = respond()
        made = {"intent": intent.number, "status": int(response.status_code), "title": _title(response)}
        with suppress(UnavailableError):  # then the intent is listed, as one whose outcome is unknown
            self.log.write(tenant, about | made | request.audited, intent)
        return response

    def _refused(self, tenant: str, about: Mapping[str, Json], status: int, title: str | None) -> None:
        try:
            self.log.write(tenant, {**about, "status": int(status), "title": title}, is_refusal=True)
        except UnavailableError as error:  # nothing was changed
            log.warning(line("refused, and not in the audit", tenant=tenant, reason=str(error)))


def _about(
    declared: Mapping[str, Any], http: Request, path: Mapping[str, str], principal: Principal | None
) -> dict[str, Json]:
    context = http.context or {}
    who: dict[str, Json] | None = None
    if principal is not None:
        groups: list[Json] = [group[:MAX_TEXT] for group in sorted(principal.groups)[:MAX_GROUPS]]
        who = {
            "subject": principal.subject[:MAX_TEXT],
            "means": principal.means,
            "keyId": principal.key_id,
            "groups": groups,
        }
    thing = "/".join(text for name, text in path.items() if name != "tenantId")
    return {
        "what": declared["audit"],
        "right": declared["right"],
        "route": f"{http.method} {context.get('resourcePath')}",
        "tenant": path.get("tenantId", NOBODY)[:MAX_TEXT],
        "thing": thing[:MAX_TEXT] if "token" not in path else None,
        "who": who,
        "from": {
            "address": (context.get("identity") or {}).get("sourceIp"),
            "userAgent": (http.headers.get("user-agent") or "")[:MAX_TEXT],
            "requestId": request_id(http.headers.get(REQUEST_ID, ""), context),
        },
    }


def _title(response: Response) -> str | None:
    if response.status_code < HTTPStatus.BAD_REQUEST:
        return None
    title: str = decode(str(response.body).encode())["title"]
    return title
