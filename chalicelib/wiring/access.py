"""Access: who asks, and what they may do."""

from functools import cached_property
from secrets import SystemRandom, token_hex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.usecases.access import AccessCache, AccessService
from chalicelib.wiring.adapters import Adapters
from chalicelib.wiring.settings import Settings

if TYPE_CHECKING:
    from chalicelib.adapters.identity.tokens import TokenReader
    from chalicelib.api.authentication import Authenticator
    from chalicelib.api.console import SignIn
    from chalicelib.usecases.quotas import StartQuotas


class AccessWiring:
    """The use cases of access, and what the authorizer does."""

    def __init__(self, adapters: Adapters, settings: Settings) -> None:
        self._adapters, self._settings, self._now = adapters, settings, adapters.clock.now
        self.cache = AccessCache(adapters.access, adapters.clock.now)
        self.service = AccessService(
            adapters.access, self.cache, adapters.clock, lambda: token_hex(8), lambda: token_hex(32)
        )

    @cached_property
    def starts(self) -> "StartQuotas":
        """What admits starts."""
        from chalicelib.usecases.quotas import StartQuotas  # noqa: PLC0415 - few requests start something

        given = self._adapters
        return StartQuotas(self.cache.quotas, given.usage, given.executions, given.clock, SystemRandom().sample)

    @cached_property
    def authenticator(self) -> "Authenticator":
        """What the authorizer does."""
        from chalicelib.api.authentication import Authenticator  # noqa: PLC0415 - one function authorizes

        auth = self._settings.auth
        return Authenticator(
            self._tokens().bearer if "jwt" in auth else None, self.cache.bearer if "keys" in auth else None
        )

    @property
    def sign_in(self) -> "SignIn | None":
        """Where people sign in to the console."""
        from chalicelib.api.console import SignIn  # noqa: PLC0415 - workers show no page

        given = self._settings
        if not given.console_client:
            return None
        issuer = urlsplit(given.jwt_issuer)
        audience = None if given.console_client in given.jwt_audiences else given.jwt_audiences[0]
        origins = given.console_origins or {f"{issuer.scheme}://{issuer.netloc}"}
        return SignIn(given.jwt_issuer, given.console_client, audience, sorted(origins))

    def _tokens(self) -> "TokenReader":
        from chalicelib.adapters.identity.key_set import KeySet  # noqa: PLC0415 - PyJWT takes a while to load
        from chalicelib.adapters.identity.tokens import Claims, TokenReader  # noqa: PLC0415 - the same

        given = self._settings
        claims = Claims(given.jwt_issuer, given.jwt_audiences, given.jwt_tenants, given.jwt_groups, given.jwt_leeway)
        return TokenReader(claims, given.jwt_secret or KeySet(given.jwt_keys, given.jwt_issuer, self._now))
