"""The demonstration's API keys: made at the first start, kept in a file of the data directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import psycopg

from api.auth import Scope, add_key, mint_token
from api.demonstration import town
from ledger.event import Actor

FILE_NAME = "demonstration-keys.json"


class Role(NamedTuple):
    """One who is shown in the demonstration."""

    name: str
    term: str
    actor: Actor
    scopes: tuple[Scope, ...] = (Scope.PROPOSE, Scope.OPEN)


ROLES = (
    Role("hotline-clerk", "热线受理员", town.HOTLINE),
    Role("reviewer", "答复审核员", town.REVIEWER),
    Role("branch-secretary", "社区党总支书记", town.SECRETARY),
    Role("committee-clerk", "居委会经办员", town.COMMITTEE),
    Role("committee-clerk-b", "居委会经办员（备岗）", town.COMMITTEE_B),
    Role("agent", "居委会代办员", town.AGENT),
    Role("water-clerk", "水务局经办员", town.WATER),
    Role("urban-clerk", "城管局经办员", town.URBAN),
    Role("roads-clerk", "交通局经办员", town.ROADS),
    Role("town-clerk", "镇政府经办员", town.TOWN_CLERK),
    Role("county-clerk", "县级督办经办员", town.COUNTY),
    Role("resident-channel", "居民小程序渠道", town.CHANNEL),
    Role("auditor", "审计员", town.AUDITOR, (Scope.FEED, Scope.AUDIT, Scope.OPEN)),
)


def enter_keys(register: psycopg.Connection[Any], data: Path) -> dict[str, str]:
    """Role -> token: those of the file, and new ones for what it lacks; all are in the database.

    The file comes first, so that no key is ever in force that nobody can read; a key that was
    revoked stays so.
    """
    path = data / FILE_NAME
    known: dict[str, str] = orjson.loads(path.read_bytes()) if path.exists() else {}
    tokens = {role.name: known.get(role.name) or mint_token() for role in ROLES}
    if tokens != known:
        _write(path, orjson.dumps(tokens, option=orjson.OPT_INDENT_2) + b"\n")
    for role in ROLES:
        label = f"demonstration: {role.name}"
        add_key(register, tokens[role.name], role.actor, role.scopes, label)
    return tokens


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and for the owner's eyes alone."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
