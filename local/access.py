"""Who may ask sedo on this machine: the ways of ``AUTH``, and the first key or token: ``python -m local.access``.

``make token`` runs it beside a sedo that runs: it makes an API key, or with ``AUTH=jwt`` a token for a user who gets
the role, signed by the secret of this folder.
"""

import json
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

from chalicelib.core.values.errors import SedoError
from local.environment import chalice_config, set_environment
from local.errors import LocalError
from local.terminal import say

ISSUER, AUDIENCE = "sedo-local", "sedo"
TOKEN_LASTS = timedelta(hours=12)
WAYS = ("keys", "jwt")
"""What ``make token`` makes."""
RUNNING = "running.json"
"""The file that says how to reach what runs: ``{url, endpoint, auth, issuer, search, search_auth}``."""

EVERYBODY = """
  *** NOBODY IS ASKED WHO THEY ARE: whoever reaches {url} is anonymous, with every right in every tenant. ***
  *** It listens on this machine alone. AUTH=keys make run, or AUTH=jwt make run, asks for a key or a token. ***
"""
KEYS = """
Callers have to show an API key. Make the first one, in a second terminal:

  make token ROLE=admin TENANT=123
"""
TOKENS = """
Callers have to show a token. Make one, in a second terminal:

  make token AUTH=jwt ROLE=admin TENANT=123 SUBJECT=ada
"""
NOTICES: Mapping[str, str] = {"none": EVERYBODY, "keys": KEYS, "jwt": TOKENS}


def prepare(environment: MutableMapping[str, str], data: Path) -> None:
    """Say how callers show who they are; tokens are signed by a secret that is made once, unless an issuer is named."""
    environment["SEDO_LOOPBACK"] = "true"
    if "AUTH" in environment:
        environment["SEDO_AUTH"] = environment["AUTH"]
    if "jwt" in environment.get("SEDO_AUTH", "") and "SEDO_JWT_ISSUER" not in environment:
        environment.update(SEDO_JWT_ISSUER=ISSUER, SEDO_JWT_AUDIENCE=AUDIENCE, SEDO_JWT_SECRET=_secret(data))


def notices(auth: str, url: str) -> str:
    """Tell how to show who one is."""
    return "".join(NOTICES[name].format(url=url) for name in auth.split(",") if name in NOTICES)


def _secret(data: Path) -> str:
    file = data / "jwt-secret"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(token_hex(32))
    return file.read_text()


def reach(home: Path) -> dict[str, str]:
    """Point this process at the sedo that runs on a folder; answer how it is reached.

    Raises:
        OSError: none runs there.
    """
    running: dict[str, str] = json.loads((home / "data" / RUNNING).read_text())
    set_environment(os.environ, chalice_config(Path.cwd()), running["endpoint"])
    if engine := running.get("search"):
        os.environ |= {"SEDO_SEARCH_URL": engine, "SEDO_SEARCH_AUTH": running["search_auth"]}
    return running


def token(home: Path, role: str, tenant: str, auth: str, subject: str) -> str:
    """Make a key or a token for the sedo that runs on a folder.

    Raises:
        LocalError: it asks nobody for one, or somebody else signs tokens.
        OSError: none runs there.
    """
    if auth not in WAYS:
        raise LocalError(f"AUTH={auth} is neither keys nor jwt")
    running = reach(home)
    if auth not in running["auth"]:
        other = next((way for way in WAYS if way in running["auth"]), None)
        hint = f"start it with AUTH={auth}" if other is None else f"say AUTH={other} here, too"
        raise LocalError(f"sedo runs with AUTH={running['auth']}: {hint}")
    if auth == "jwt" and running["issuer"] != ISSUER:
        raise LocalError(f"tokens are signed by {running['issuer']}: ask there")
    from deploy.access import TENANT, bind, make_key  # noqa: PLC0415 - now the clients know where to go

    if not re.fullmatch(TENANT, tenant):
        raise LocalError(f"TENANT={tenant} is no tenant: it has to match {TENANT}")

    if auth != "jwt":
        return make_key(role, tenant)
    import jwt  # noqa: PLC0415 - keys do without

    bind(role, tenant, subject)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "exp": datetime.now(UTC) + TOKEN_LASTS}
    return jwt.encode({**claims, "tenants": [tenant]}, _secret(home / "data"), "HS256")


def main() -> int:
    """Print a key or a token, and how to use it."""
    wanted = {name: os.environ.get(name, "") for name in ("ROLE", "TENANT", "AUTH", "SUBJECT")}
    if not wanted["ROLE"] or not wanted["TENANT"]:
        print("say which: make token ROLE=admin TENANT=123  (and AUTH=jwt SUBJECT=ada for a token)", file=sys.stderr)
        return 2
    home = Path(os.environ.get("SEDO_HOME", ".sedo"))
    try:
        text = token(home, wanted["ROLE"], wanted["TENANT"], wanted["AUTH"] or "keys", wanted["SUBJECT"] or "ada")
    except (LocalError, SedoError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError:
        print(f"sedo does not run on {home}: start it first, with AUTH=keys make run", file=sys.stderr)
        return 1
    say(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
