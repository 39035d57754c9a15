"""Processes killed and raced in the middle of a rotation or an erasure: no key survives that was
said to be destroyed, none is lost that is needed, and no erasure is called complete too early."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from ledger.domain.privacy.erasure import ErasureBasis, PersonalDataErased
from ledger.domain.privacy.personal_data import PersonalDataCorrected
from ledger.event import HeldFor
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Refused
from ledger.store.migrations import migrate
from ledger.store.postgres import PostgresStore
from ledger.vault import rotation
from ledger.vault.cabinet import PostgresCabinet
from ledger.vault.erasing import Eraser
from ledger.vault.exports import Exports
from ledger.vault.key_encryption import DamagedKey, KeyRing
from ledger.vault.key_source import KeySource
from ledger.vault.opening import Held, Opener
from ledger.vault.rotation import rotate
from ledger.vault.sealing import OpenedValue
from ledger.vault.vault import Destroyed, Vault, open_each
from tests.canaries import NAME
from tests.canary_history import with_canaries
from tests.request_acts import filing
from tests.town import HOTLINE, TOWN_CLERK, found

SUBJECT = "request:request-0"


class Safe(NamedTuple):
    """A ledger with its vault, in the database of the test."""

    url: str
    schema: str
    directory: Path
    ledger: Ledger
    cabinet: PostgresCabinet
    source: KeySource
    opener: Opener
    eraser: Eraser

    def file(self, request: str) -> tuple[Held, ...]:
        """A case with canaries; what is held of it."""
        self.ledger.propose_sync([Proposal(with_canaries(filing(request=request)), HOTLINE)])
        return self.opener.held(f"request:{request}")

    def erase(self, subject: str = SUBJECT) -> None:
        """Says in the log that the name of a case is erased."""
        erased = PersonalDataErased(
            subject=subject,
            basis=ErasureBasis.REQUEST,
            legal_reference="第四十七条",
            purposes=(HeldFor.IDENTITY,),
        )
        self.ledger.propose_sync([Proposal(erased, TOWN_CLERK)])

    def opened(self, held: tuple[Held, ...]) -> list[Any]:
        return open_each(self.cabinet, [(one.sealed, one.commitment) for one in held])

    def superuser(self) -> psycopg.Connection[Any]:
        connection = psycopg.connect(self.url)
        connection.execute(f"set search_path to {self.schema}".encode())
        return connection


@pytest.fixture
def safe(postgres_url: str, schema: str, tmp_path: Path) -> Iterator[Safe]:
    migrate(postgres_url, schema)
    source = KeySource(tmp_path / "vault.key")
    with ExitStack() as stack:
        store = stack.enter_context(closing(PostgresStore(postgres_url, schema)))
        cabinet = PostgresCabinet(postgres_url, schema, source)
        vault = stack.enter_context(closing(Vault(cabinet)))
        ledger = Ledger(store, vault)
        ledger.start()
        stack.callback(ledger.close)
        found(ledger)
        opener = Opener(store, cabinet, None)  # type: ignore[arg-type]  # nothing is read here
        eraser = Eraser(store, cabinet, source, vault.keys, Exports(tmp_path / "exports"))
        yield Safe(postgres_url, schema, tmp_path, ledger, cabinet, source, opener, eraser)


def identity(held: tuple[Held, ...]) -> Held:
    (one,) = [one for one in held if one.place.held_for is HeldFor.IDENTITY]
    return one


# Races


def test_an_erasure_that_a_rotation_overtakes_is_not_complete_with_it(safe: Safe) -> None:
    """The rotation wraps the key anew while the erasure waits for a row: the key of the new
    wrapping is one under which a backup may hold the destroyed key."""
    name = identity(safe.file("request-0"))
    safe.erase()
    wrapped_anew, wraps = threading.Event(), safe.source.replace
    seen: list[bytes] = []

    def replace(ring: KeyRing) -> None:
        if len(ring.keys) == 1:  # all is wrapped anew, and the old key goes
            with safe.superuser() as backup:
                query = "select wrapped from data_key where id = %s"
                seen.extend(row[0] for row in backup.execute(query, [name.sealed.key_id]))
            wrapped_anew.set()
            eraser.join(30)
        wraps(ring)

    safe.source.replace = replace  # type: ignore[method-assign]
    eraser = threading.Thread(target=safe.eraser.erase)
    rotator = threading.Thread(target=lambda: rotate(safe.cabinet, safe.source))
    with safe.superuser() as holder:
        holder.execute("select from sealed_value where subject = %s for update", [SUBJECT])
        eraser.start()
        assert waits_for_a_lock(safe), "the erasure waits for the row"
        rotator.start()
        wrapped_anew.wait(2)
    eraser.join(30)
    rotator.join(30)

    (erasure,) = safe.eraser.erasures(SUBJECT)
    current = safe.source.load().current
    for wrapped in seen:
        if erasure.completed_at is not None:
            with pytest.raises(DamagedKey):
                current.unwrap(name.sealed.key_id, wrapped)
    (opened,) = safe.opened((name,))
    assert isinstance(opened, Destroyed)


def test_an_erasure_of_several_keys_and_a_rotation_never_wait_for_each_other(
    safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes sealed for one case, the one whose key is the younger first."""
    earlier = Vault(safe.cabinet, waits=True)
    earlier.keys.make()
    first = identity(safe.file("request-0")).sealed.key_id
    vault, safe.ledger.vault = safe.ledger.vault, earlier
    safe.ledger.propose_sync([corrected("request-0")])
    safe.ledger.vault = vault
    names = [one for one in safe.opener.held(SUBJECT) if one.place.held_for is HeldFor.IDENTITY]
    assert [one.sealed.key_id for one in names] == sorted(
        {one.sealed.key_id for one in names}, reverse=True
    )
    safe.erase()
    errors: list[BaseException] = []
    introduced, may_wrap, wrap = threading.Event(), threading.Event(), rotation._wrap_anew

    def wrapping(*given: Any) -> Any:
        introduced.set()
        may_wrap.wait(30)
        return wrap(*given)

    def noting(work: Callable[[], object]) -> None:
        try:
            work()
        except psycopg.Error as error:
            errors.append(error)

    monkeypatch.setattr(rotation, "_wrap_anew", wrapping)
    rotator = threading.Thread(target=noting, args=[lambda: rotate(safe.cabinet, safe.source)])
    eraser = threading.Thread(target=noting, args=[safe.eraser.erase])
    rotator.start()
    introduced.wait(30)
    with safe.superuser() as holder:
        holder.execute("select from data_key where id = %s for update", [first])
        eraser.start()
        assert waits_for_a_lock(safe), "the erasure waits for the row"
        may_wrap.set()
        rotator.join(0.5)
    eraser.join(30)
    rotator.join(30)

    assert not errors


def test_a_key_that_was_wrapped_anew_while_its_erasure_waited_is_destroyed(safe: Safe) -> None:
    name = identity(safe.file("request-0"))
    safe.erase()
    eraser = threading.Thread(target=safe.eraser.erase)
    with safe.superuser() as wrapping:
        wrapping.execute(
            "update data_key set wrapped = wrapped where id = %s", [name.sealed.key_id]
        )
        eraser.start()
        assert waits_for_a_lock(safe), "the erasure waits for the row"
    eraser.join(30)

    (erasure,) = safe.eraser.erasures(SUBJECT)
    assert (erasure.data_keys, erasure.sealed_values) == (1, 1)
    assert isinstance(safe.opened((name,))[0], Destroyed)
    with safe.superuser() as connection:
        query = "select count(*) from data_key where id = %s"
        assert connection.execute(query, [name.sealed.key_id]).fetchone() == (0,)


def waits_for_a_lock(safe: Safe) -> bool:
    query = """select count(*) from pg_stat_activity
        where wait_event_type = 'Lock' and query like '%%purged%%'"""
    for _ in range(200):
        with safe.superuser() as connection:
            row = connection.execute(query).fetchone()
        if row is not None and row[0]:
            return True
        threading.Event().wait(0.02)
    return False


# Processes that are killed

KILLED = """
import os, signal, sys
from pathlib import Path
from ledger.store.postgres import PostgresStore
from ledger.vault import cabinet, erasing, exports, key_source, rotation
from ledger import durable_file

url, schema, directory, moment = sys.argv[1:]
source = key_source.KeySource(Path(directory) / "vault.key")
safe = cabinet.PostgresCabinet(url, schema, source)

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

calls = 0
def at(number, real):
    def call(*given, **named):
        global calls
        calls += 1
        return die() if calls == number else real(*given, **named)
    return call

def before(module, name, number=1):
    setattr(module, name, at(number, getattr(module, name)))

match moment:
    case "draft":
        before(durable_file.os, "replace")
    case "second draft":
        before(durable_file.os, "replace", 2)
    case "overwriting":
        before(key_source.os, "pwrite")
    case "introduced":
        before(rotation, "_wrap_anew")
    case "wrapped":
        before(key_source.KeySource, "replace", 2)
    case "replaced":
        before(key_source.KeySource, "load", 3)
    case "erasing":
        class Dying(exports.Exports):
            delete = die
    case _:
        raise SystemExit(moment)
if moment == "erasing":
    store = PostgresStore(url, schema)
    forgetful = type("", (), {"forget": lambda self, subject: None})()
    erasing.Eraser(store, safe, source, forgetful, Dying(Path(directory))).erase()
else:
    rotation.rotate(safe, source)
"""
MOMENTS = ("draft", "second draft", "overwriting", "introduced", "wrapped", "replaced")


def killed_at(safe: Safe, moment: str) -> None:
    """Another process that is killed there."""
    words = [sys.executable, "-c", KILLED, safe.url, safe.schema, str(safe.directory), moment]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_rotation_killed_anywhere_loses_no_value_and_leaves_no_old_key(
    safe: Safe, moment: str
) -> None:
    held = safe.file("request-0")
    old = safe.source.load().current

    killed_at(safe, moment)

    assert all(isinstance(one, OpenedValue) for one in safe.opened(held))
    during = safe.file("request-1")
    safe.erase()
    safe.eraser.erase()
    # The first goes on with what was killed; the erasure waits for the end of both keys of then.
    completed = [one for _ in range(2) for one in rotate(safe.cabinet, safe.source).completed]
    assert [one.subject for one in completed] == [SUBJECT]
    left = [one for one in held if one.place.held_for is not HeldFor.IDENTITY]
    assert all(isinstance(one, OpenedValue) for one in safe.opened((*left, *during)))
    files = [path for path in safe.directory.rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["vault.key"]
    assert not any(old.key in path.read_bytes() for path in files)


def test_an_erasure_killed_before_it_is_recorded_is_done_by_the_next(safe: Safe) -> None:
    held = safe.file("request-0")
    safe.erase()

    killed_at(safe, "erasing")

    assert safe.eraser.erasures() == ()
    (done,) = safe.eraser.erase()
    assert done.subject == SUBJECT
    assert isinstance(safe.opened((identity(held),))[0], Destroyed)


def test_an_erasure_amid_proposals_of_two_processes_takes_its_own_and_no_other(safe: Safe) -> None:
    erased = [f"request-{number}" for number in range(4)]
    for request in (*erased, "request-kept"):
        safe.file(request)
    stop = threading.Event()
    outcomes: Counter[str] = Counter()
    with ExitStack() as stack:
        store = stack.enter_context(closing(PostgresStore(safe.url, safe.schema)))
        cabinet = PostgresCabinet(safe.url, safe.schema, safe.source)
        vault = stack.enter_context(closing(Vault(cabinet)))
        other = Ledger(store, vault)
        other.start()
        stack.callback(other.close)

        def post(ledger: Ledger) -> None:
            while not stop.is_set():
                for request in (*erased, "request-kept"):
                    outcomes[answer(ledger, request)] += 1

        threads = [threading.Thread(target=post, args=[one]) for one in (safe.ledger, other)]
        for thread in threads:
            thread.start()
        for request in erased:
            safe.erase(f"request:{request}")
            safe.eraser.erase()
            rotate(safe.cabinet, safe.source)
        stop.set()
        for thread in threads:
            thread.join(30)

        assert outcomes.keys() == {"accepted", "subject_erased"}
        for request in erased:
            held = safe.opener.held(f"request:{request}")
            assert not [one for one in held if one.place.held_for is HeldFor.IDENTITY]
            assert_opens(safe.cabinet, held)
            assert_opens(cabinet, held)
        assert_opens(cabinet, safe.opener.held("request:request-kept"))


def answer(ledger: Ledger, request: str) -> str:
    try:
        ledger.propose_sync([corrected(request)])
    except Refused as refused:
        return refused.refusal.rule
    return "accepted"


def assert_opens(cabinet: PostgresCabinet, held: tuple[Held, ...]) -> None:
    assert held
    opened = open_each(cabinet, [(one.sealed, one.commitment) for one in held])
    assert all(isinstance(one, OpenedValue) for one in opened), opened


def corrected(request: str) -> Proposal:
    """The name of the case is put right once more."""
    event = PersonalDataCorrected(
        subject=f"request:{request}",
        event="0" * 8,
        of_kind="request_filed",
        field="name",
        identity=NAME,
    )
    return Proposal(event, HOTLINE)
