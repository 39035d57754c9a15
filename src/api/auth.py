"""API keys: each is a principal in an office of an organisation, and each route names its scope.

`Authorization: Bearer mz_<43 characters>` (RFC 6750). Stored is the SHA-256 of the token alone. A
slow hash would add nothing: it protects what can be guessed, and 256 random bits cannot.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from starlette.requests import Request

from api.problems import Problem
from api.readers import Readers
from ledger.decision import Office
from ledger.event import Actor
from ledger.store.connections import connection_string
from ledger.store.migrations import OWNER

PREFIX = "mz_"
TOKEN_BYTES = 32
MAX_CACHED_KEYS = 10_000
_RESIDENT = Office.RESIDENT.value

# The primary key answers; a revoked key is as unknown as one that never was.
_FIND = """select principal, office, organisation, scopes from api_key
    where digest = %s and revoked_at is null"""
# A key that is there stays as it is, revoked or not: nothing revives a revoked key.
_INSERT = """insert into api_key (digest, principal, office, organisation, scopes, label)
    values (%s, %s, %s, %s, %s, %s) on conflict (digest) do nothing"""
_LIST = """select encode(digest, 'hex'), principal, office, organisation, scopes, label, created_at,
    revoked_at from api_key order by created_at, digest"""
# The first time counts: revoking again does not move it.
_REVOKE = "update api_key set revoked_at = clock_timestamp() where digest = %s"
_MATCHING = """select digest from api_key
    where revoked_at is null and encode(digest, 'hex') like %s"""


class Scope(StrEnum):
    """What a key is good for; public reads need none."""

    PROPOSE = "propose"
    FEED = "feed"
    AUDIT = "audit"
    """Figures and lists as they are now, of any part, with small cells; nothing personal."""
    OPEN = "open"
    """Sealed values, each reading on the access log; by whom and what for is decided by rules."""


class Principal(NamedTuple):
    """Who is behind a key."""

    actor: Actor
    scopes: frozenset[str]

    @property
    def is_channel(self) -> bool:
        """Whether the key belongs to a channel through which residents act (a mini-program).

        Then the actor of an event is the resident's random id in that case, not the channel.
        """
        return self.actor.office == _RESIDENT

    @property
    def identity(self) -> bytes:
        """What a principal's idempotency keys belong to."""
        return "\0".join(self.actor).encode()


class Key(NamedTuple):
    """A key as an operator sees it; `digest` in hex, and the token is nowhere."""

    digest: str
    principal: str
    office: str
    organisation: str
    scopes: list[str]
    label: str
    created_at: datetime
    revoked_at: datetime | None


def mint_token() -> str:
    """A new token of 256 random bits."""
    text = base64.urlsafe_b64encode(secrets.token_bytes(TOKEN_BYTES)).decode()
    return PREFIX + text.rstrip("=")


def token_digest(token: str) -> bytes:
    """What is stored of a token."""
    return sha256(token.encode()).digest()


class Keyring:
    """Looks keys up, and remembers what it found for a moment: a revocation holds after that."""

    def __init__(self, readers: Readers, cache_seconds: float) -> None:
        self._readers = readers
        self._cache_seconds = cache_seconds
        self._cache: dict[bytes, tuple[float, Principal | None]] = {}

    async def principal(self, request: Request, scope: Scope) -> Principal:
        """Who asks; raises a `Problem` of 401 or 403, or `StoreDown`."""
        found = await self.known(request)
        if scope not in found.scopes:
            raise Problem(
                403,
                "scope_missing",
                f"this key is not good for {scope}",
                f"a key with the scope {scope}",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )
        return found

    async def audits(self, request: Request) -> bool:
        """Whether somebody with the scope audit asks; without a key, or with another one that is
        in force, it is the public. Raises as `principal` does for a key that is not."""
        if request.headers.get("authorization") is None:
            return False
        return Scope.AUDIT in (await self.known(request)).scopes

    async def known(self, request: Request) -> Principal:
        """Who asks, whatever the key is good for; raises a `Problem` of 401, or `StoreDown`."""
        given = request.headers.get("authorization")
        if given is None:
            raise _unauthorised("key_missing", "this needs an API key", None)
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not token.startswith(PREFIX) or len(token) > 200:
            raise _unauthorised("key_malformed", "this is not an API key", "invalid_request")
        found = await self._find(token_digest(token))
        if found is None:
            raise _unauthorised(
                "key_unknown", "this API key is unknown or revoked", "invalid_token"
            )
        return found

    async def _find(self, digest: bytes) -> Principal | None:
        now = time.monotonic()
        cached = self._cache.get(digest)
        if cached is not None and now < cached[0]:
            return cached[1]
        row = await self._readers.row(_FIND, [digest])
        found = Principal(Actor(row[1], row[2], row[0]), frozenset(row[3])) if row else None
        if len(self._cache) >= MAX_CACHED_KEYS:
            self._cache.clear()  # somebody tries keys: the true ones are found again at once
        self._cache[digest] = (now + self._cache_seconds, found)
        return found


def _unauthorised(rule: str, detail: str, error: str | None) -> Problem:
    challenge = 'Bearer realm="mingzhang"' + (f', error="{error}"' if error else "")
    return Problem(
        401,
        rule,
        detail,
        "Authorization: Bearer mz_..., a key made with `mingzhang keys create`",
        headers={"WWW-Authenticate": challenge},
    )


def open_register(url: str, schema: str) -> psycopg.Connection[Any]:
    """A connection of an operator, who alone may change keys."""
    return psycopg.connect(connection_string(url, schema, OWNER), autocommit=True)


def add_key(
    register: psycopg.Connection[Any],
    token: str,
    actor: Actor,
    scopes: Iterable[Scope],
    label: str,
) -> None:
    """Enters a key by its token, unless it is there."""
    values = [token_digest(token), actor.principal, actor.office, actor.organisation]
    register.execute(_INSERT, [*values, sorted(set(scopes)), label])


def list_keys(register: psycopg.Connection[Any]) -> list[Key]:
    """All keys ever made, revoked ones too, in the order of their making."""
    return [Key(*row) for row in register.execute(_LIST)]


def revoke_key(register: psycopg.Connection[Any], prefix: str) -> bool:
    """Revokes the one key in force whose digest begins so (hex); False where it is not just one."""
    found = register.execute(sql.SQL(_MATCHING), [prefix.lower() + "%"]).fetchmany(2)
    if len(found) != 1:
        return False
    register.execute(_REVOKE, [found[0][0]])
    return True
