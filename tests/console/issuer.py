"""A small issuer of tokens on this machine: OpenID Connect, as much of it as the console asks for."""

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from threading import Thread
from time import time
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

CLIENT = "sedo-console"
API = "https://sedo.example.com"
"""For whom an access token is, where it is one that sedo takes."""


class Issuer:
    """It knows one person, and asks nothing of them."""

    def __init__(self, subject: str, tenant: str) -> None:
        self.subject, self.tenant = subject, tenant
        self.secret = token_hex(32)
        self.nonce: str | None = None
        """Instead of that of the request."""
        self.lifetime = 3600
        """Seconds of the next token."""
        self.renews = True
        """Whether it gives a token for one that renews."""
        self.signs_out = True
        """Whether it has a page that ends its session."""
        self.asked = list[dict[str, str]]()
        """What came to the pages for people, to sign in and out, and to the one for tokens."""
        self.codes = dict[str, dict[str, str]]()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = fields(urlsplit(self.path).query)
                if self.path.endswith("/.well-known/openid-configuration"):
                    issuer.send(self, 200, issuer.discovery())
                elif urlsplit(self.path).path == "/logout":
                    issuer.asked.append(query)
                    issuer.send(self, 302, {}, query["post_logout_redirect_uri"])
                else:
                    issuer.send(self, 302, {}, issuer.authorize(query))

            def do_POST(self) -> None:
                form = fields(self.rfile.read(int(self.headers["Content-Length"])).decode())
                issuer.send(self, *issuer.token(form))

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def discovery(self) -> dict[str, str]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            **({"end_session_endpoint": f"{self.url}/logout"} if self.signs_out else {}),
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Answer where to go: back, with a code."""
        self.asked.append(query)
        code = token_hex(8)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.url})}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Give tokens for a code, once and to whoever has its verifier, or for a token to renew them."""
        self.asked.append(form)
        if form["grant_type"] == "refresh_token":
            return (200, self.tokens(None)) if self.renews else (400, {"error": "invalid_grant"})
        query = self.codes.pop(form["code"], None)
        challenge = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if query is None or challenge != query["code_challenge"] or query["code_challenge_method"] != "S256":
            return 400, {"error": "invalid_grant"}
        return 200, self.tokens(self.nonce or query["nonce"], query.get("audience"))

    def tokens(self, nonce: str | None, audience: str | None = None) -> dict[str, Any]:
        """Make an ID token for the client, and an access token for ``audience``: the tenants are in what sedo takes."""
        times = {"exp": int(time()) + self.lifetime, "iat": int(time())}
        who: dict[str, Any] = {"iss": self.url, "sub": self.subject, **times}
        tenants = {"tenants": [self.tenant]}
        claims = {**who, "aud": CLIENT, **({"nonce": nonce} if nonce else {}), **({} if audience else tenants)}
        tokens: dict[str, Any] = {"id_token": self.signed(claims), "refresh_token": token_hex(8)}
        if audience:
            tokens |= {"access_token": self.signed({**who, "aud": audience, **tenants}), "expires_in": self.lifetime}
        return tokens

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.secret, "HS256")

    def send(self, handler: BaseHTTPRequestHandler, status: int, body: dict[str, Any], place: str = "") -> None:
        text = json.dumps(body).encode()
        handler.send_response(status)
        if place:
            handler.send_header("Location", place)
        handler.send_header("Access-Control-Allow-Origin", "*")
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)


def fields(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}
