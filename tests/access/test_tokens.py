"""JSON Web Tokens: which count, and every way in which one is forged."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.message import Message
from typing import Any
from urllib.error import HTTPError, URLError

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from chalicelib.adapters.identity.key_set import KeySet
from chalicelib.adapters.identity.tokens import Claims, TokenReader
from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.core.access.principal import Means, Principal
from chalicelib.core.values.errors import UnavailableError, UnknownCallerError
from tests.access.guarded import SIGNER, Guarded, bearer
from tests.application import assert_problem

ISSUER = "https://issuer.test"
JWKS = "https://issuer.test/keys"
MINE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
THEIRS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
CLAIMS = Claims(ISSUER, ("sedo",))


def document(**keys: Any) -> bytes:
    """Write a key set."""
    makers: Mapping[type, Any] = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}
    made = []
    for name, key in keys.items():
        maker = next(maker for kind, maker in makers.items() if isinstance(key, kind))
        made.append({**json.loads(maker.to_jwk(key.public_key())), "kid": name, "use": "sig"})
    return json.dumps({"keys": made}).encode()


class Issuer:
    """An issuer whose answers are given, and whose requests are counted."""

    def __init__(self, **keys: Any) -> None:
        self.clock = MemoryClock(datetime.now(UTC))
        self.answers: dict[str, bytes] = {JWKS: document(**keys)}
        self.asked: list[str] = []
        self.keys = KeySet(JWKS, ISSUER, self.clock.now, self.read)
        self.tokens = TokenReader(CLAIMS, self.keys)

    def read(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self.answers:
            raise OSError(f"{url} did not answer")
        return self.answers[url]


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(one=MINE, two=CURVE)


def claims(**more: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    made = {"iss": ISSUER, "aud": "sedo", "sub": "ada", "exp": now + timedelta(hours=1), "tenants": ["acme"]}
    return {name: value for name, value in {**made, **more}.items() if value is not ...}


def token(key: Any = MINE, algorithm: str = "RS256", kid: str | None = "one", **more: Any) -> str:
    return jwt.encode(claims(**more), key, algorithm, headers={} if kid is None else {"kid": kid})


def unsigned(header: dict[str, Any], signature: str = "") -> str:
    body = {**claims(), "exp": 10**11}
    parts = (urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, body))
    return ".".join([*parts, signature])


def public_key() -> bytes:
    return MINE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed_with_the_public_key() -> str:
    """HS256, with the text of the public key for a secret (RFC 8725, section 2.1)."""
    import hashlib  # noqa: PLC0415 - PyJWT refuses to do this itself
    import hmac  # noqa: PLC0415 - the same

    head = unsigned({"alg": "HS256", "kid": "one", "typ": "JWT"}).rpartition(".")[0]
    digest = hmac.new(public_key(), head.encode(), hashlib.sha256).digest()
    return f"{head}.{urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def test_who_asks_is_who_the_token_says(issuer: Issuer) -> None:
    wanted = Principal("ada", Means.JWT, frozenset({"acme"}), frozenset({"sales", "ops"}))
    assert issuer.tokens.bearer(token(groups=["sales", "ops"])) == wanted
    assert issuer.tokens.bearer(token(groups="sales ops", tenants="acme")) == wanted
    assert issuer.tokens.bearer(token(CURVE, "ES256", "two", groups="sales,ops")) == wanted
    assert issuer.asked == [JWKS]


PAST, FUTURE = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 1))
FORGED: Mapping[str, tuple[Callable[[], str], str]] = {
    "alg none": (lambda: unsigned({"alg": "none"}), "it is not signed with an algorithm that counts here"),
    "alg None": (lambda: unsigned({"alg": "None"}), "it is not signed with an algorithm that counts here"),
    "no alg": (lambda: unsigned({"kid": "one"}), "it is not signed with an algorithm that counts here"),
    "the public key for a secret": (signed_with_the_public_key, "it is not signed with an algorithm that counts here"),
    "another's key": (lambda: token(THEIRS), "its signature is wrong"),
    "no exp": (lambda: token(exp=...), "it has no claim 'exp'"),
    "no sub": (lambda: token(sub=...), "it has no claim 'sub'"),
    "no aud": (lambda: token(aud=...), "it has no claim 'aud'"),
    "no iss": (lambda: token(iss=...), "it has no claim 'iss'"),
    "expired": (lambda: token(exp=PAST), "it has expired"),
    "from later on": (lambda: token(nbf=FUTURE), "it counts from later on only"),
    "issued later": (lambda: token(iat=FUTURE), "it counts from later on only"),
    "another audience": (lambda: token(aud="other"), "it is for another audience"),
    "another issuer": (lambda: token(iss="https://other.test"), "it is of another issuer"),
    "no tenants": (lambda: token(tenants=...), "it has no claim 'tenants' with tenants"),
    "tenants are a number": (lambda: token(tenants=7), "its claim 'tenants' is no list of names"),
    "tenants are an object": (lambda: token(tenants={"acme": True}), "its claim 'tenants' is no list of names"),
    "a tenant is a list": (lambda: token(tenants=[["acme"]]), "its claim 'tenants' is no list of names"),
    "groups are true": (lambda: token(groups=True), "its claim 'groups' is no list of names"),
    "an API key for a subject": (lambda: token(sub="key:0"), "its sub begins with key: or arn:"),
    "an ARN for a subject": (lambda: token(sub="arn:aws:iam::1:role/x"), "its sub begins with key: or arn:"),
    "an empty subject": (lambda: token(sub=""), "its sub is no text of 1 to 200 characters"),
    "no token": (lambda: "x", "it is no JSON Web Token"),
    "three points": (lambda: "a.b.c", "it is no JSON Web Token"),
    "a list for a header": (lambda: urlsafe_b64encode(b"[]").decode() + ".e30.x", "it is no JSON Web Token"),
    "100 KB": (lambda: token(more="x" * 100_000), "the token is longer than 8,192 characters"),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_does_not_count_is_refused_and_why(issuer: Issuer, name: str) -> None:
    make, reason = FORGED[name]
    with pytest.raises(UnknownCallerError) as refusal:
        issuer.tokens.bearer(make())
    assert reason in str(refusal.value)


def test_the_clocks_may_differ_a_little(issuer: Issuer) -> None:
    assert issuer.tokens.bearer(token(exp=datetime.now(UTC) - timedelta(seconds=10))).subject == "ada"


def test_a_flood_of_unknown_keys_is_one_request_a_minute(issuer: Issuer) -> None:
    for number in range(50):
        with pytest.raises(UnknownCallerError, match="a key that its issuer does not have"):
            issuer.tokens.bearer(token(THEIRS, kid=f"k{number}"))
    assert len(issuer.asked) == 1
    issuer.clock.sleep(60)
    issuer.answers[JWKS] = document(three=THEIRS)
    assert issuer.tokens.bearer(token(THEIRS, kid="three")).subject == "ada"
    assert len(issuer.asked) == 2


def test_while_the_issuer_is_down_known_keys_go_on_and_new_ones_are_not_known_now(issuer: Issuer) -> None:
    issuer.tokens.bearer(token())
    issuer.answers.clear()
    issuer.clock.sleep(3600)
    assert issuer.tokens.bearer(token()).subject == "ada"
    with pytest.raises(UnavailableError, match="did not answer"):
        issuer.tokens.bearer(token(kid="new"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (HTTPError("https://issuer.test", 404, "Not Found", Message(), None), "it does not answer"),
        (URLError(ConnectionRefusedError(111, "Connection refused")), "Connection refused"),
    ],
)
def test_why_an_issuer_cannot_be_asked_is_said(error: OSError, said: str) -> None:
    def read(_url: str) -> bytes:
        raise error

    with pytest.raises(UnavailableError, match=f"cannot be read: {said}"):
        KeySet(JWKS, ISSUER, lambda: datetime.now(UTC), read).get("k")


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"keys": []}', b'{"keys": [{"kty": "x"}]}', b"\xff"])
def test_a_key_set_that_is_none_is_as_if_the_issuer_were_down(issuer: Issuer, answer: bytes) -> None:
    issuer.answers[JWKS] = answer
    with pytest.raises(UnavailableError, match=r"the keys of https://issuer\.test cannot be read"):
        issuer.tokens.bearer(token())


def test_keys_are_found_by_discovery(issuer: Issuer) -> None:
    place = ISSUER + "/.well-known/openid-configuration"
    issuer.answers[place] = json.dumps({"jwks_uri": JWKS}).encode()
    tokens = TokenReader(CLAIMS, KeySet("", ISSUER, issuer.clock.now, issuer.read))
    assert tokens.bearer(token()).subject == "ada"
    assert issuer.asked == [place, JWKS]


def test_without_a_name_a_key_is_the_only_one() -> None:
    assert Issuer(one=MINE).tokens.bearer(token(kid=None)).subject == "ada"
    with pytest.raises(UnknownCallerError):
        Issuer(one=MINE, two=CURVE).tokens.bearer(token(kid=None))


def test_claims_are_where_the_installation_says() -> None:
    cognito = Claims(ISSUER, ("sedo",), "custom:tenants", "cognito:groups")
    given = token(SIGNER, "HS256", None, **{"custom:tenants": "acme,beta", "cognito:groups": ["ops"], "tenants": ...})
    found = TokenReader(cognito, SIGNER).bearer(given)
    assert (found.tenants, found.groups) == ({"acme", "beta"}, {"ops"})


def test_over_the_api(sedo: Guarded) -> None:
    asked = bearer(token(SIGNER, "HS256", None))
    assert_problem(sedo.ask("GET", "/sedo/tenants/acme/definitions", headers=asked), 403)
    assert_problem(sedo.ask("GET", "/sedo/tenants/beta/definitions", headers=asked), 404)
    expired = bearer(token(SIGNER, "HS256", None, exp=PAST))
    problem = assert_problem(sedo.ask("GET", "/sedo/tenants/acme/definitions", headers=expired), 401)
    assert problem["detail"] == "the token is not valid: it has expired"
