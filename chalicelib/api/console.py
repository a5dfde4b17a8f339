"""The console: the page for people, which ``make ui`` builds from ui/ into chalicelib/ui."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.api.support import ApiSupport
from chalicelib.core.values.errors import NotFoundError
from chalicelib.core.values.value import value

FOLDER = Path(__file__).parents[1] / "ui"
"""The build. A checkout has none before ``make ui``."""
INDEX = "index.html"
CONFIGURATION = "config.json"
"""Beside the page: what an installation tells it."""
UNBUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>sedo: the console</title><link rel="icon" href="data:,"></head>
<body>
<h1>The console is not built</h1>
<p>Run <code>make ui</code>, and load this page again. <a href="../sedo/docs">The API</a> works without it.</p>
</body>
</html>
"""
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What the page may load: what sedo itself serves. A file that was chosen in a form is shown as ``data:``."""
KINDS: Mapping[str, str] = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"
"""``Cache-Control`` of a file whose name has the hash of its content."""


@value
class SignIn:
    """Where people sign in to the console: OpenID Connect 1.0, an authorization code with PKCE (RFC 7636)."""

    issuer: str
    client_id: str
    """Of the page: a public client, which has no secret."""
    audience: str | None
    """For whom the page asks for an access token; None: an ID token is what sedo takes."""
    origins: Sequence[str]
    """Where the page asks for tokens."""


@value
class ConsoleApi:
    """The routes; ``folder`` has the build."""

    support: ApiSupport
    sign_in: SignIn | None = None
    folder: Path = FOLDER

    @web.operation
    def open_console(self, request: ApiRequest) -> Response:
        """Lead to the page, so that its links are relative to where it is."""
        place = f"{request.http.context['path'].rstrip('/')}/{INDEX}"
        return Response("", {"Location": place, "Content-Type": "text/plain"}, HTTPStatus.FOUND)

    @web.operation
    def read_console_file(self, request: ApiRequest) -> Response:
        """Serve the page, or a file beside it."""
        name = request.path["name"]
        if name == CONFIGURATION:
            return _file(self._configuration(), name)
        if name != INDEX:
            return _file(_found(self.folder, name), name)
        text = _found(self.folder, INDEX) if (self.folder / INDEX).is_file() else UNBUILT
        return _file(text, INDEX, {"Content-Security-Policy": self._policy()})

    @web.operation
    def read_console_asset(self, request: ApiRequest) -> Response:
        """Serve what the page loads."""
        name = request.path["name"]
        return _file(_found(self.folder / "assets", name), name, {"Cache-Control": FOREVER})

    def _configuration(self) -> str:
        given = self.sign_in
        said = given and {"issuer": given.issuer, "clientId": given.client_id, "audience": given.audience}
        return json.dumps({"signIn": said})

    def _policy(self) -> str:
        """Say what the page may load, and ask for."""
        return POLICY if self.sign_in is None else f"{POLICY}; connect-src 'self' {' '.join(self.sign_in.origins)}"


def _found(folder: Path, name: str) -> str:
    """Read a file by its name.

    Raises:
        NotFoundError: the folder has no such file, or one of a kind that is not shown.
    """
    path = _files(folder).get(name)
    if path is None:
        raise NotFoundError(f"the console has no file {name!r}")
    return path.read_text(encoding="utf-8")


def _files(folder: Path) -> Mapping[str, Path]:
    """List what may be served: nothing that a request says becomes part of a path."""
    found = folder.iterdir() if folder.is_dir() else ()
    return {each.name: each for each in found if each.suffix[1:] in KINDS and each.is_file()}


def _file(text: str, name: str, fields: Mapping[str, str] | None = None) -> Response:
    kind = KINDS[name.rpartition(".")[2]]
    return Response(text, {"Content-Type": kind, "Content-Security-Policy": POLICY, **(fields or {})}, HTTPStatus.OK)
