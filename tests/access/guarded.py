"""The application as it is where callers have to show who they are."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from types import MappingProxyType

import pytest

from chalicelib.core.access.rights import BUILT_IN, Grant
from chalicelib.wiring.graph import wiring
from tests.application import JSON, PROJECT, Sedo

SIGNER = "the secret of the issuer, of 32 characters at least"
TOKENS: Mapping[str, str] = MappingProxyType(
    {
        "SEDO_AUTH": "jwt,keys",
        "SEDO_JWT_ISSUER": "https://issuer.test",
        "SEDO_JWT_AUDIENCE": "sedo",
        "SEDO_JWT_SECRET": SIGNER,
    }
)
ALL = Grant(everywhere=BUILT_IN["admin"].rules)


class Guarded(Sedo):
    """It, in memory, with what asks for keys and tokens."""

    def __init__(self) -> None:
        spec = spec_from_file_location("guarded_app", PROJECT / "app.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        self.app = module.app
        super().__init__(self.app)

    def key(self, tenant: str, *roles: str) -> dict[str, str]:
        """Make an API key; answer the header fields of a request with it."""
        service = wiring().access.service
        _, text = service.create_key(tenant, title="of a test", roles=roles, expires_at=None, by=None, grant=ALL)
        return bearer(text)

    def status(self, headers: Mapping[str, str], method: str, path: str, body: bytes = b"") -> int:
        """Ask, and answer the status."""
        return int(self.ask(method, path, body, headers).status_code)


def bearer(text: str) -> dict[str, str]:
    """Answer the header fields of a request with a token or a key."""
    return {**JSON, "Authorization": f"Bearer {text}"}


@contextmanager
def guarded(**environment: str) -> Iterator[Guarded]:
    """Run it, as the environment says."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("SEDO_JWT")]:
            patched.delenv(name)
        for name, value in {"SEDO_STORES": "memory", **TOKENS, **environment}.items():
            patched.setenv(name, value)
        wiring.cache_clear()
        yield Guarded()
    wiring.cache_clear()
