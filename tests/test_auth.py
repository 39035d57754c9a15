"""Who may call: keys, scopes, revocation, and channels through which residents act."""

from __future__ import annotations

import os
import stat
from contextlib import closing

import psycopg
import pytest

from api.auth import (
    Scope,
    add_key,
    list_keys,
    mint_token,
    open_register,
    revoke_key,
    token_digest,
)
from api.demonstration.keys import FILE_NAME
from ledger.event import Actor
from ledger.store.connections import connection_string
from ledger.store.migrations import READER, WRITER
from tests.api_server import Server, filed, wait_for

CLERK = Actor("clerk_a", "hotline", "p-hotline-clerk")


def _register(server: Server) -> psycopg.Connection[tuple[object, ...]]:
    assert server.settings.database_url is not None
    return open_register(server.settings.database_url, server.settings.schema)


def _entered(server: Server, actor: Actor, *scopes: Scope) -> str:
    token = mint_token()
    with closing(_register(server)) as register:
        add_key(register, token, actor, scopes, "made for a test")
    server.tokens[token] = token
    return token


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        (None, "key_missing"),
        ("Bearer", "key_malformed"),
        ("Bearer other", "key_malformed"),
        ("Basic mz_AAAA", "key_malformed"),
        ("Bearer mz_" + "A" * 43, "key_unknown"),
        ("Bearer mz_" + "A" * 500, "key_malformed"),
    ],
)
def test_without_a_key_that_is_known_one_is_asked_for_it(
    server: Server, header: str | None, rule: str
) -> None:
    headers = {} if header is None else {"Authorization": header}

    answer = server.post(None, filed(), **headers)

    assert (answer.status_code, answer.json()["rule"]) == (401, rule)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_is_good_for_its_scopes_alone(server: Server) -> None:
    proposing = server.post("auditor", filed())
    reading = server.get("/v1/events", "hotline-clerk")

    for answer, scope in ((proposing, "propose"), (reading, "feed")):
        assert (answer.status_code, answer.json()["rule"]) == (403, "scope_missing")
        assert f'scope="{scope}"' in answer.headers["www-authenticate"]


def test_every_route_that_names_a_scope_asks_for_a_key_and_all_others_do_not(
    server: Server,
) -> None:
    paths = server.get("/openapi.json").json()["paths"]
    open_ = {"{kind}": "request_filed", "{account}": "account-1", "{request}": "request-001"}
    secured = set()

    for path, operations in paths.items():
        for method, operation in operations.items():
            where = path
            for name, value in open_.items():
                where = where.replace(name, value)
            with server.client() as client:
                status = client.request(method, where).status_code
            assert (status == 401) == ("security" in operation), (method, path)
            if "security" in operation:
                secured.add((method, path))

    assert secured == {
        ("post", "/v1/events"), ("get", "/v1/events"), ("get", "/v1/access-log"),
    }  # fmt: skip


def test_a_revoked_key_is_refused_within_seconds(server: Server) -> None:
    token = _entered(server, CLERK, Scope.PROPOSE)
    assert server.post(token, filed()).status_code == 201

    with closing(_register(server)) as register:
        assert revoke_key(register, token_digest(token).hex()[:12])

    patience = server.settings.limits.key_cache_seconds + 5
    wait_for(lambda: server.post(token, filed()).status_code == 401, patience)


def test_a_revoked_key_cannot_be_entered_again(server: Server) -> None:
    token = _entered(server, CLERK, Scope.PROPOSE)
    prefix = token_digest(token).hex()[:12]

    with closing(_register(server)) as register:
        revoke_key(register, prefix)
        add_key(register, token, CLERK, [Scope.PROPOSE], "again")
        again = revoke_key(register, prefix)
        (key,) = [key for key in list_keys(register) if key.digest.startswith(prefix)]

    assert not again
    assert key.revoked_at is not None
    assert server.post(token, filed()).status_code == 401


def test_the_database_holds_digests_and_never_a_token(server: Server) -> None:
    with closing(_register(server)) as register:
        rows = register.execute("select api_key::text from api_key").fetchall()

    assert rows
    for token in server.tokens.values():
        assert not any(token in str(row) or token[3:] in str(row) for row in rows)


@pytest.mark.parametrize("role", [READER, WRITER])
@pytest.mark.parametrize(
    "statement",
    [
        "update api_key set revoked_at = null",
        "delete from api_key",
        "insert into api_key values (sha256('x'), 'p', 'clerk_a', 'hotline', '{propose}', '')",
    ],
)
def test_only_the_owner_changes_keys(server: Server, role: str, statement: str) -> None:
    assert server.settings.database_url is not None
    conninfo = connection_string(server.settings.database_url, server.settings.schema, role)

    with (
        psycopg.connect(conninfo, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_files_with_keys_are_for_the_owner_alone(server: Server) -> None:
    data = server.settings.data

    for name in ("vault.key", "fingerprint.key", FILE_NAME):
        assert stat.S_IMODE(os.stat(data / name).st_mode) == 0o600  # noqa: PTH116


def test_a_key_of_an_office_that_was_never_given_is_refused_by_the_ledger(server: Server) -> None:
    stranger = _entered(server, Actor("clerk_a", "hotline", "p-stranger"), Scope.PROPOSE)

    answer = server.post(stranger, filed())

    assert (answer.status_code, answer.json()["rule"]) == (403, "no_such_appointment")


def test_a_channel_acts_under_the_random_id_of_each_case(server: Server) -> None:
    first = server.post("resident-channel", filed()).json()["events"][0]
    second = server.post("resident-channel", filed()).json()["events"][0]

    records = [
        server.get(f"/v1/events?after={one['position'] - 1}&limit=1", "auditor").json()["events"][0]
        for one in (first, second)
    ]

    assert first["resident"] != second["resident"]
    for told, stored in zip((first, second), records, strict=True):
        record = stored["record"]
        assert record["actor"]["principal"] == record["body"]["requester"] == told["resident"]
        assert "p-mini-program" not in str(record)


def test_a_channel_rates_for_the_requester_of_the_case_and_for_nobody_else(server: Server) -> None:
    own, cleared = "resident-of-this-case", "case-of-a-channel"
    server.post("resident-channel", filed(request=cleared, requester=own))
    steps: list[tuple[str, dict[str, object]]] = [
        ("hotline-clerk", {"kind": "request_accepted", "body": {"request": cleared}}),
        ("hotline-clerk", {"kind": "request_dispatched", "body": {
            "request": cleared, "lead": "dept-water", "grade": "ordinary"}}),
        ("water-clerk", {"kind": "request_answered", "body": {"request": cleared}}),
        ("reviewer", {"kind": "answer_accepted", "body": {"request": cleared}}),
    ]  # fmt: skip
    for role, step in steps:
        assert server.post(role, step).status_code == 201
    rating: dict[str, object] = {
        "kind": "service_rated",
        "body": {"target_type": "request", "target": cleared, "satisfaction": "satisfied"},
    }

    nobody = server.post("resident-channel", rating)
    another = server.post("resident-channel", {**rating, "resident": "somebody-else"})
    right = server.post("resident-channel", {**rating, "resident": own})

    assert (nobody.status_code, nobody.json()["field"]) == (422, "resident")
    assert (another.status_code, another.json()["rule"]) == (403, "not_the_requester")
    assert right.status_code == 201


def test_a_channel_may_not_do_what_clerks_do(server: Server) -> None:
    accepted = {"kind": "request_accepted", "body": {"request": "request-001"}}

    answer = server.post("resident-channel", accepted)

    assert (answer.status_code, answer.json()["rule"]) == (403, "office_may_not")
