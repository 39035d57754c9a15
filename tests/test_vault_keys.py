"""The vault's keys: durable before they seal, wrapped under a key from elsewhere, and replaced."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from ledger.event import Commitment, HeldFor
from ledger.ledger import Ledger
from ledger.refusals import Unavailable
from ledger.store.connections import Connections, connection_string
from ledger.store.contract import StoreDown
from ledger.store.migrations import VAULT, migrate
from ledger.store.postgres import PostgresStore
from ledger.vault import rotation
from ledger.vault.cabinet import Cabinet, MemoryCabinet, PostgresCabinet
from ledger.vault.key_encryption import (
    KEY_BYTES,
    DamagedKey,
    KeyEncryptionKey,
    KeyRing,
    WrongKey,
)
from ledger.vault.key_source import KeySource
from ledger.vault.keys_at_hand import FIRST_MADE, NoKeyAtHand
from ledger.vault.rotation import rotate
from ledger.vault.sealing import DamagedValue, Place, SealedValue
from ledger.vault.vault import Destroyed, Vault, open_each
from tests.town import accepted, cases, found

PLACE = Place(str(uuid4()), "name", "request:request-1", HeldFor.IDENTITY)


@pytest.fixture
def source(tmp_path: Path) -> KeySource:
    return KeySource(tmp_path / "vault.key")


@pytest.fixture
def cabinet(postgres_url: str, schema: str, source: KeySource) -> Iterator[PostgresCabinet]:
    migrate(postgres_url, schema)
    with closing(PostgresCabinet(postgres_url, schema, source)) as opened:
        yield opened


@pytest.fixture(params=["memory", "postgres"])
def any_cabinet(request: pytest.FixtureRequest) -> Cabinet:
    if request.param == "memory":
        return MemoryCabinet()
    postgres: PostgresCabinet = request.getfixturevalue("cabinet")
    return postgres


def another(cabinet: PostgresCabinet, source: KeySource) -> PostgresCabinet:
    """The same cabinet as another process opens it."""
    opened = PostgresCabinet("", "ledger", source)
    opened._conninfo = cabinet._conninfo
    opened._connections = Connections(cabinet._conninfo, most=3)
    return opened


def sealed_by(vault: Vault, *values: str) -> list[tuple[SealedValue, Commitment]]:
    """Each value about a subject of its own."""
    sealed = []
    for number, value in enumerate(values):
        place = PLACE._replace(subject=f"request:request-{number}")
        commitment, one = vault.seal(place, value)
        sealed.append((one, Commitment(**commitment)))
    return sealed


def changed(cabinet: PostgresCabinet, statement: str, *values: object) -> None:
    with psycopg.connect(cabinet._conninfo, autocommit=True) as connection:
        connection.execute(statement.encode(), values)


# A cabinet keeps keys


def test_a_key_that_was_added_is_found(any_cabinet: Cabinet) -> None:
    one, two, unknown = (str(uuid4()) for _ in range(3))
    keys = {one: os.urandom(32), two: os.urandom(32)}

    any_cabinet.add(keys)

    found_keys = any_cabinet.find([one, two, unknown])
    assert found_keys.keys == keys
    assert not found_keys.damaged


def test_what_is_sealed_opens_in_another_process(
    cabinet: PostgresCabinet, source: KeySource
) -> None:
    with closing(Vault(cabinet, waits=True)) as vault:
        sealed = sealed_by(vault, "某某", "13800001111")

    with closing(Vault(another(cabinet, source))) as other:
        opened = [other.open(*one).value for one in sealed]

    assert opened == ["某某", "13800001111"]


def test_no_key_lies_in_the_database_in_clear(cabinet: PostgresCabinet, source: KeySource) -> None:
    key_id, key = str(uuid4()), os.urandom(32)

    cabinet.add({key_id: key})

    with psycopg.connect(cabinet._conninfo) as connection:
        (wrapped,) = connection.execute("select wrapped from data_key").fetchone() or (b"",)
        (kek,) = connection.execute("select id from key_encryption_key").fetchone() or (b"",)
    assert key not in wrapped
    assert kek == source.load().current.id
    assert kek not in source.load().current.key
    assert source.load().current.unwrap(key_id, wrapped) == key


def test_a_wrapped_key_in_anothers_place_does_not_come_out(cabinet: PostgresCabinet) -> None:
    with closing(Vault(cabinet, waits=True)) as vault:
        (first, commitment), (second, _) = sealed_by(vault, "甲", "乙")
        changed(
            cabinet,
            "update data_key set wrapped = (select wrapped from data_key where id = %s)"
            " where id = %s",
            second.key_id,
            first.key_id,
        )

        with pytest.raises(DamagedValue, match="has a key that does not come out"):
            vault.open(first, commitment)


def test_a_damaged_value_hinders_no_other(cabinet: PostgresCabinet) -> None:
    with closing(Vault(cabinet, waits=True)) as vault:
        (first, one), (second, two), (third, three) = sealed_by(vault, "甲", "乙", "丙")
        changed(cabinet, "delete from data_key where id = %s", second.key_id)

        opened = open_each(cabinet, [(first._replace(ciphertext=b""), one), (second, two),
                                  (third, three)])  # fmt: skip

    assert [type(one).__name__ for one in opened] == ["DamagedValue", "Destroyed", "OpenedValue"]
    with pytest.raises(Destroyed, match="was erased"):
        raise opened[1]  # type: ignore[misc]  # one of those


# Keys at hand


def test_a_key_has_one_subject_and_one_purpose() -> None:
    keys = Vault(MemoryCabinet(), waits=True).keys

    given = {
        (subject, held_for): keys.of(subject, held_for).id
        for subject in ("request:1", "request:2")
        for held_for in HeldFor
    }

    assert len(set(given.values())) == 2 * len(HeldFor)
    assert keys.of("request:1", HeldFor.CONTACT).id == given["request:1", HeldFor.CONTACT]
    keys.forget("request:1")
    assert keys.of("request:1", HeldFor.CONTACT).id not in given.values()
    assert keys.of("request:2", HeldFor.CONTACT).id == given["request:2", HeldFor.CONTACT]


def test_no_key_is_used_before_it_is_stored(cabinet: PostgresCabinet) -> None:
    with closing(Vault(cabinet)) as vault:
        with pytest.raises(NoKeyAtHand):
            vault.seal(PLACE, "某某")
        vault.keys.make()

        _, sealed = vault.seal(PLACE, "某某")

        assert sealed.key_id in cabinet.find([sealed.key_id]).keys


def test_threads_that_seal_at_once_never_share_a_key(cabinet: PostgresCabinet) -> None:
    subjects = [f"request:{number}" for number in range(FIRST_MADE * 8)]
    given: dict[str, str] = {}

    with closing(Vault(cabinet)) as vault:

        def seal(mine: list[str]) -> None:
            for subject in mine:
                while True:
                    try:
                        given[subject] = vault.keys.of(subject, HeldFor.CONTACT).id
                        break
                    except NoKeyAtHand:
                        vault.keys.make()

        threads = [threading.Thread(target=seal, args=[subjects[n::4]]) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(set(given.values())) == len(subjects)
        assert cabinet.find(list(given.values())).keys.keys() == set(given.values())


def test_without_a_database_a_proposal_with_personal_values_is_answered(
    memory_ledger: Ledger, tmp_path: Path
) -> None:
    found(memory_ledger)
    away = PostgresCabinet("postgresql://127.0.0.1:1/none", "ledger", KeySource(tmp_path / "k"))
    with closing(Vault(away)) as vault:
        memory_ledger.vault = vault

        with pytest.raises(Unavailable, match="can seal nothing just now"):
            accepted(memory_ledger, *cases())


# Where the key-encryption key comes from


HEX = "ab" * 32


@pytest.mark.parametrize(
    ("text", "count"), [(HEX, 1), (HEX.upper() + "\n", 1), (f"{HEX},{'cd' * 32}", 2)]
)
def test_a_key_comes_from_the_environment(tmp_path: Path, text: str, count: int) -> None:
    ring = KeySource(tmp_path / "no", text=text).load()

    assert len(ring.keys) == count
    assert ring.current.key == bytes.fromhex(HEX)


@pytest.mark.parametrize("text", [HEX[:-1], HEX[:-2], "", "zz" * 32, f"{HEX},", f"{HEX},x",
                                  f"{HEX},{HEX},{HEX}"])  # fmt: skip
def test_what_is_no_key_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(WrongKey) as caught:
        KeySource(tmp_path / "no", text=text).load()

    assert HEX[:16] not in str(caught.value)


def test_a_key_comes_from_a_command(tmp_path: Path) -> None:
    program = f"import sys; sys.stdout.write('{HEX}')"

    ring = KeySource(tmp_path / "no", command=f'{sys.executable} -c "{program}"').load()

    assert ring.current.key == bytes.fromhex(HEX)


@pytest.mark.parametrize("command", ["false", "/does/not/exist", "echo nothing", "'"])
def test_a_command_that_gives_no_key_is_refused(tmp_path: Path, command: str) -> None:
    with pytest.raises(WrongKey, match="MINGZHANG_VAULT_KEY_COMMAND"):
        KeySource(tmp_path / "no", command=command).load()


def test_a_key_file_that_others_can_read_is_refused(source: KeySource, tmp_path: Path) -> None:
    source.make()
    (tmp_path / "vault.key").chmod(0o640)

    with pytest.raises(WrongKey, match="chmod 600"):
        source.load()


@pytest.mark.parametrize("length", [0, 31, 33, 96])
def test_a_key_file_of_a_wrong_length_is_refused(
    source: KeySource, tmp_path: Path, length: int
) -> None:
    source.make()
    (tmp_path / "vault.key").write_bytes(bytes(length))

    with pytest.raises(WrongKey, match="not a key of 32 bytes"):
        source.load()


# The start


def test_an_empty_vault_makes_its_key_and_a_full_one_never_does(
    cabinet: PostgresCabinet, source: KeySource, tmp_path: Path
) -> None:
    cabinet.check()
    made = source.load().current
    cabinet.check()
    assert source.load().current.id == made.id

    (tmp_path / "vault.key").unlink()

    with closing(another(cabinet, source)) as other, pytest.raises(WrongKey, match="there is no"):
        other.check()
    assert not (tmp_path / "vault.key").exists()


def test_a_wrong_key_opens_nothing_and_wraps_nothing(
    cabinet: PostgresCabinet, source: KeySource, tmp_path: Path
) -> None:
    with closing(Vault(cabinet, waits=True)) as vault:
        ((sealed, commitment),) = sealed_by(vault, "某某")
    wrong = KeySource(tmp_path / "no", text=HEX)

    with closing(another(cabinet, wrong)) as other:
        with pytest.raises(WrongKey, match="are wrapped under key-encryption key"):
            other.check()
        with pytest.raises(WrongKey):
            other.add({str(uuid4()): bytes(32)})
        with pytest.raises(WrongKey):
            Vault(other).open(sealed, commitment)


# Replacing it


def test_a_rotation_wraps_every_key_anew_and_touches_no_value(
    cabinet: PostgresCabinet, source: KeySource
) -> None:
    with closing(Vault(cabinet, waits=True)) as vault:
        sealed = sealed_by(vault, *map(str, range(50)))
        old = source.load().current

        rotated = rotate(cabinet, source)

        assert rotated.wrapped_anew >= 50
        assert rotated.old_key_destroyed
        assert [one.id for one in source.load().keys] != [old.id]
        assert len(source.load().keys) == 1
        with psycopg.connect(cabinet._conninfo) as connection:
            under = connection.execute("select distinct wrapped_under from data_key").fetchall()
        assert under == [(source.load().current.id,)]
        assert [vault.open(*one).value for one in sealed] == list(map(str, range(50)))
        assert sealed_by(vault, "noch einer")


@pytest.mark.parametrize("step", ["replace", "_introduce", "_wrap_anew", "second replace"])
def test_a_rotation_that_was_killed_goes_on_and_nothing_is_lost_meanwhile(
    cabinet: PostgresCabinet, source: KeySource, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = sealed_by(Vault(cabinet, waits=True), *map(str, range(20)))
    replaced: list[KeyRing] = []
    replace = source.replace

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    def replacing(ring: KeyRing) -> None:
        if step == "second replace" and replaced:
            raise KeyboardInterrupt
        replace(ring)
        replaced.append(ring)
        if step == "replace":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(source, "replace", replacing)
        if hasattr(rotation, step):
            patched.setattr(rotation, step, killed)
        with pytest.raises(KeyboardInterrupt):
            rotate(cabinet, source)

    with closing(another(cabinet, source)) as other:
        other.check()
        vault = Vault(other, waits=True)
        sealed += sealed_by(vault, "in the middle")
        assert [vault.open(*one).value for one in sealed] == [
            *map(str, range(20)), "in the middle"]  # fmt: skip
        rotated = rotate(other, source)
        assert rotated.old_key_destroyed
        assert [vault.open(*one).value for one in sealed][-1] == "in the middle"
        vault.keys.close()


def test_a_key_kept_elsewhere_is_replaced_in_two_steps(
    cabinet: PostgresCabinet, tmp_path: Path
) -> None:
    new = "cd" * 32

    def given(text: str) -> KeySource:
        return KeySource(tmp_path / "no", text=text)

    with closing(another(cabinet, given(HEX))) as first:
        first.check()
        vault = Vault(first, waits=True)
        sealed = sealed_by(vault, "某某")
        vault.keys.close()
    with closing(another(cabinet, given(f"{new},{HEX}"))) as both:
        assert not rotate(both, given(f"{new},{HEX}")).old_key_destroyed
    with closing(another(cabinet, given(HEX))) as old, pytest.raises(WrongKey):
        old.check()
    with closing(another(cabinet, given(new))) as last:
        assert rotate(last, given(new)).old_key_destroyed
        assert Vault(last).open(*sealed[0]).value == "某某"
        with pytest.raises(WrongKey, match="was replaced before"):
            rotate(another(cabinet, given(f"{HEX},{new}")), given(f"{HEX},{new}"))


def test_a_damaged_key_is_named_and_the_rest_goes_on(
    cabinet: PostgresCabinet, source: KeySource
) -> None:
    with closing(Vault(cabinet, waits=True)) as vault:
        (lost, commitment), *rest = sealed_by(vault, "甲", "乙")
        changed(cabinet, "update data_key set wrapped = %s where id = %s", bytes(60), lost.key_id)

        rotated = rotate(cabinet, source)

        assert rotated.damaged == (lost.key_id,)
        assert rotated.old_key_destroyed
        with closing(another(cabinet, source)) as other:
            other.check()
            assert Vault(other).open(*rest[0]).value == "乙"
            with pytest.raises(DamagedValue):
                Vault(other).open(lost, commitment)


def test_keys_made_during_rotations_are_never_lost(
    cabinet: PostgresCabinet, source: KeySource
) -> None:
    """A server with the old key in memory goes on sealing while another process rotates."""
    stop = threading.Event()
    sealed: list[tuple[SealedValue, Commitment]] = []
    failures: list[Exception] = []

    with closing(another(cabinet, source)) as server:
        vault = Vault(server, waits=True)

        def serve() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                place = PLACE._replace(subject=f"request:{number}")
                try:
                    vault.keys.make()
                    commitment, one = vault.seal(place, str(number))
                except WrongKey as error:
                    failures.append(error)
                    return
                sealed.append((one, Commitment(**commitment)))

        cabinet.check()
        thread = threading.Thread(target=serve)
        vault.keys._made = 4
        thread.start()
        for _ in range(5):
            rotate(cabinet, source)
        stop.set()
        thread.join()

        assert not failures
        with closing(another(cabinet, source)) as later:
            opened = open_each(later, sealed)
        assert [getattr(one, "value", one) for one in opened] == [
            str(number) for number in range(1, len(sealed) + 1)]  # fmt: skip
        vault.keys.close()


def test_wrapping_is_bound_to_the_key_and_to_the_id() -> None:
    key, other = KeyEncryptionKey(bytes(KEY_BYTES)), KeyEncryptionKey(bytes([1]) * KEY_BYTES)
    wrapped = key.wrap("one", bytes(32))

    assert key.unwrap("one", wrapped) == bytes(32)
    for wrong, key_id, data in ((other, "one", wrapped), (key, "two", wrapped), (key, "one", b"")):
        with pytest.raises(DamagedKey):
            wrong.unwrap(key_id, data)


def test_the_vaults_role_sees_no_more_than_it_needs(
    postgres_store: PostgresStore, postgres_url: str, schema: str
) -> None:
    with psycopg.connect(connection_string(postgres_url, schema, VAULT), autocommit=True) as vault:
        for statement in (
            "select * from receipt", "select * from api_key", "insert into batch default values",
            "update sealed_value set ciphertext = ''", "insert into sealed_value default values",
            "delete from erasure", "delete from key_encryption_key", "delete from event",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                vault.execute(statement.encode())


class _Counting(MemoryCabinet):
    """Counts the keys that are asked of it, and may be away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.away = False
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def add(self, keys: Mapping[str, bytes]) -> None:
        self.asked.append(len(keys))
        self.entered.set()
        assert self.go_on.wait(30)
        if self.away:
            raise StoreDown("away")
        super().add(keys)


@pytest.mark.parametrize("away", [False, True])
def test_of_many_who_need_keys_at_once_one_makes_them(away: bool) -> None:
    cabinet = _Counting()
    cabinet.away = away
    keys = Vault(cabinet).keys
    outcomes: list[str] = []

    def make() -> None:
        try:
            keys.make()
            outcomes.append("made")
        except StoreDown:
            outcomes.append("away")

    threads = [threading.Thread(target=make) for _ in range(16)]
    for thread in threads:
        thread.start()
    assert cabinet.entered.wait(30)
    time.sleep(0.2)  # all of them wait for the first one now
    cabinet.go_on.set()
    for thread in threads:
        thread.join()

    assert cabinet.asked == [FIRST_MADE]
    assert outcomes == ["away" if away else "made"] * 16
