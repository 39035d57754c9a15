"""Checkpoints: signed of what is durable, one history alone, and not again while nothing comes."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from api.founding import founding_of
from ledger.ledger import Ledger
from ledger.signing.keys import SigningKeys, UnusableKeys
from ledger.signing.mark import Inconsistent, Mark
from ledger.signing.notary import Notary
from ledger.signing.signer import CheckpointSigner, Nobody, NothingSigned, Witnesses
from ledger.signing.witnesses import Cosigned, Proof, WitnessAhead
from ledger.store import checkpoints
from ledger.store.contract import StoreDown
from ledger.store.postgres import PostgresStore
from ledger.store.tree import Tree
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.note import Note, NoteVerifier, Signature, Signer
from tests.api_server import PATIENCE_SECONDS, wait_for
from tests.harness.log import append
from tests.town import cases, found
from tests.vaults import memory_vault

ORIGIN = "mingzhang.test/ledger"


@pytest.fixture
def founded(postgres_store: PostgresStore) -> Iterator[Ledger]:
    """A ledger with a town in it."""
    ledger = Ledger(postgres_store, memory_vault())
    ledger.start()
    found(ledger)
    yield ledger
    ledger.close()


@pytest.fixture
def keys(tmp_path: Path) -> SigningKeys:
    return SigningKeys(tmp_path / "log.key")


@pytest.fixture
def mark(tmp_path: Path) -> Mark:
    return Mark(tmp_path / "published.checkpoint")


Make = Callable[..., CheckpointSigner]


@pytest.fixture
def make(postgres_url: str, schema: str, keys: SigningKeys, mark: Mark) -> Make:
    """Makes a signer of the founded ledger."""

    def signer(witnesses: Witnesses | None = None) -> CheckpointSigner:
        return CheckpointSigner(postgres_url, schema, keys, mark, witnesses or Nobody())

    return signer


def origin_of(ledger: Ledger) -> str:
    founding = founding_of(ledger.store)
    assert founding is not None
    return founding.origin


def log(ledger: Ledger) -> PostgresStore:
    assert isinstance(ledger.store, PostgresStore)
    return ledger.store


def root_of(store: PostgresStore, size: int) -> bytes:
    return store.reading(lambda connection: Tree(connection).root(size))


def as_superuser(url: str, schema: str, *statements: str) -> None:
    """What a database's administrator can do: triggers do not hold them up."""
    with psycopg.connect(url) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(sql.SQL("set search_path = {}").format(sql.Identifier(schema)))
        for statement in statements:
            connection.execute(statement.encode())


def restore(url: str, schema: str, size: int) -> None:
    """The database as a backup has it that was taken when the log had this size."""
    as_superuser(
        url,
        schema,
        *(
            f"delete from {table} where {position} > {size}"  # noqa: S608 - names of our own
            for table, position in (
                ("event", "position"),
                ("batch", "last"),
                ("sealed_value", "position"),
                ("receipt", "last"),
                ("checkpoint", "size"),
                ("tile", "(index + 1) * 256"),
            )
        ),
    )


def test_a_checkpoint_is_signed_by_the_logs_key(
    founded: Ledger, make: Make, keys: SigningKeys, mark: Mark
) -> None:
    key = keys.create(origin_of(founded)).key

    published = make().sign()

    assert published.note.verified_by([NoteVerifier(key)]) == (key,)
    size = founded.store.size()
    assert Checkpoint.parse(published.note.text) == Checkpoint(
        origin_of(founded), size, published.root
    )
    assert root_of(log(founded), size) == published.root
    assert log(founded).reading(checkpoints.latest) == published
    assert mark.read() == Checkpoint.parse(published.note.text)


def test_an_idle_log_is_not_signed_again(founded: Ledger, make: Make, keys: SigningKeys) -> None:
    keys.create(origin_of(founded))
    signer = make()

    first = signer.sign()

    assert signer.sign() == first
    assert make().sign() == first


def test_each_checkpoint_begins_with_the_one_before(
    founded: Ledger, make: Make, keys: SigningKeys
) -> None:
    keys.create(origin_of(founded))
    first = make().sign()
    founded.propose_sync(cases())

    second = make().sign()

    assert second.size == founded.store.size() > first.size
    assert log(founded).reading(lambda c: checkpoints.covering(c, first.size)) == first
    assert log(founded).reading(lambda c: checkpoints.covering(c, first.size + 1)) == second
    assert log(founded).reading(lambda c: checkpoints.covering(c, second.size + 1)) is None


def test_without_a_key_or_an_event_nothing_is_signed(
    postgres_store: PostgresStore, make: Make
) -> None:
    with pytest.raises(NothingSigned, match="empty"):
        make().sign()

    ledger = Ledger(postgres_store, memory_vault())
    ledger.start()
    found(ledger)
    ledger.close()
    with pytest.raises(NothingSigned, match="log-key create"):
        make().sign()


def test_the_key_of_another_log_signs_nothing(
    founded: Ledger, make: Make, keys: SigningKeys
) -> None:
    keys.create("town.example/other")

    with pytest.raises(NothingSigned, match=r"town\.example/other"):
        make().sign()


def test_while_a_key_is_being_replaced_both_sign(
    founded: Ledger, make: Make, keys: SigningKeys
) -> None:
    old = keys.create(origin_of(founded))
    new = Signer.generate(origin_of(founded))
    keys.add(new)

    note = make().sign().note
    assert set(note.verified_by([NoteVerifier(old.key), NoteVerifier(new.key)])) == {
        old.key,
        new.key,
    }

    assert keys.remove(old.key.key_id.hex())
    assert not keys.remove(new.key.key_id.hex()), "the last key stays"
    assert [signer.key for signer in keys.load()] == [new.key]


def test_a_key_file_that_others_can_read_is_not_used(keys: SigningKeys) -> None:
    keys.create(ORIGIN)
    keys.path.chmod(0o640)

    with pytest.raises(UnusableKeys, match="can be read by others"):
        keys.load()


def test_a_damaged_key_file_is_said_to_be_so_without_repeating_it(keys: SigningKeys) -> None:
    secret = keys.create(ORIGIN).to_secret_text()
    keys.path.write_text(secret[:-5])

    with pytest.raises(UnusableKeys) as refused:
        keys.load()

    assert secret[-30:-5] not in str(refused.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"\n", b"x" * 100_000])
def test_a_key_file_that_holds_no_keys_is_said_to_be_so(keys: SigningKeys, content: bytes) -> None:
    keys.create(ORIGIN)
    keys.path.write_bytes(content)

    with pytest.raises(UnusableKeys, match=r"log\.key"):
        keys.load()


def test_keys_from_the_environment_sign_and_cannot_be_changed(tmp_path: Path) -> None:
    signer = Signer.generate(ORIGIN)
    given = SigningKeys(tmp_path / "log.key", signer.to_secret_text())

    assert given.load()[0].key == signer.key
    assert given.create(ORIGIN).key == signer.key
    assert signer.to_secret_text() not in repr(given)
    with pytest.raises(UnusableKeys, match="MINGZHANG_LOG_KEY"):
        given.add(Signer.generate(ORIGIN))


def test_a_database_behind_what_was_published_is_not_signed(
    founded: Ledger, make: Make, keys: SigningKeys, mark: Mark, postgres_url: str, schema: str
) -> None:
    keys.create(origin_of(founded))
    size = founded.store.size()
    make().sign()
    founded.propose_sync(cases())
    make().sign()
    founded.close()
    published = mark.read()
    assert published is not None

    restore(postgres_url, schema, size)

    with pytest.raises(Inconsistent, match="restored from an older state") as refused:
        make().sign()
    assert f"{size + 1} to {published.size}" in str(refused.value)
    assert "found a new ledger" in str(refused.value)


def test_a_database_that_went_on_from_an_older_state_is_not_signed(
    founded: Ledger, make: Make, keys: SigningKeys, postgres_url: str, schema: str
) -> None:
    keys.create(origin_of(founded))
    size = founded.store.size()
    founded.propose_sync(cases())
    make().sign()
    founded.close()
    restore(postgres_url, schema, size)
    again = Ledger(founded.store, memory_vault())
    again.start()
    again.propose_sync(cases())  # with other ids and times: other leaves
    again.close()

    with pytest.raises(Inconsistent, match="does not begin with"):
        make().sign()


@pytest.mark.parametrize(
    "damage",
    [
        "update batch set frontier = substr(frontier, 2)",
        "update batch set frontier = ''",
        "delete from event where position = (select max(position) from event)",
        "update event set record = 'x' where position = 1",
        "delete from event where position = 1",
    ],
)
def test_a_damaged_database_is_not_signed_and_said_to_be_damaged(
    founded: Ledger, make: Make, keys: SigningKeys, postgres_url: str, schema: str, damage: str
) -> None:
    keys.create(origin_of(founded))
    as_superuser(postgres_url, schema, damage)

    with pytest.raises(Inconsistent, match="mingzhang verify"):
        make().sign()


def test_a_stored_checkpoint_that_cannot_be_read_is_said_to_be_damaged(
    founded: Ledger, make: Make, keys: SigningKeys, postgres_url: str, schema: str
) -> None:
    keys.create(origin_of(founded))
    make().sign()
    as_superuser(postgres_url, schema, "update checkpoint set note = 'x'")

    with pytest.raises(Inconsistent, match="mingzhang verify"):
        make().sign()


def test_leaves_that_do_not_lead_to_the_stored_root_are_not_signed(
    founded: Ledger, make: Make, keys: SigningKeys, postgres_url: str, schema: str
) -> None:
    keys.create(origin_of(founded))
    as_superuser(postgres_url, schema, "update event set leaf = sha256('else') where position = 3")

    with pytest.raises(Inconsistent, match="altered"):
        make().sign()


def test_a_mark_that_cannot_be_read_stops_signing(
    founded: Ledger, make: Make, keys: SigningKeys, mark: Mark
) -> None:
    keys.create(origin_of(founded))
    mark.path.write_bytes(b"\xff")

    with pytest.raises(Inconsistent, match="last published checkpoint in its place"):
        make().sign()


def test_the_mark_of_another_log_stops_signing(
    founded: Ledger, make: Make, keys: SigningKeys, mark: Mark
) -> None:
    keys.create(origin_of(founded))
    signer = Signer.generate("town.example/other")
    text = Checkpoint("town.example/other", 1, bytes(32)).to_text()
    mark.write(Note(text, (signer.sign(text),)))

    with pytest.raises(Inconsistent, match=r"is of town\.example/other"):
        make().sign()


def test_of_many_that_sign_at_once_each_size_is_signed_once(
    founded: Ledger, make: Make, keys: SigningKeys, postgres_url: str, schema: str
) -> None:
    keys.create(origin_of(founded))

    def sign() -> None:
        for _ in range(10):
            make().sign()

    with ThreadPoolExecutor(4) as threads:
        signing = [threads.submit(sign) for _ in range(4)]
        for proposal in cases():
            founded.propose_sync([proposal])
        for one in signing:
            one.result()
    make().sign()

    with psycopg.connect(postgres_url) as connection:
        connection.execute(sql.SQL("set search_path = {}").format(sql.Identifier(schema)))
        rows = connection.execute("select size, root from checkpoint order by size").fetchall()
    assert rows[-1][0] == founded.store.size()
    for size, root in rows:
        assert root_of(log(founded), size) == root


class Asked:
    """Witnesses as a test wants them: each answer is for one question."""

    def __init__(self, *answers: Cosigned) -> None:
        self.answers = list(answers)
        self.sizes: list[int] = []

    def cosign(self, note: Note, proof: Proof) -> Cosigned:
        self.sizes.append(Checkpoint.parse(note.text).size)
        assert proof(1), "a proof from the first event leads here"
        return self.answers.pop(0)


SEEN = Signature("witness.example/one", b"abcd", b"signature")


def test_what_a_witness_signed_is_published_with_the_checkpoint(
    founded: Ledger, make: Make, keys: SigningKeys
) -> None:
    keys.create(origin_of(founded))

    published = make(Asked(Cosigned((SEEN,), {}, ()))).sign()

    assert published.note.signatures[-1] == SEEN
    assert len(published.note.signatures) == 2


def test_a_witness_that_is_down_holds_nobody_up_and_is_asked_again(
    founded: Ledger, make: Make, keys: SigningKeys
) -> None:
    keys.create(origin_of(founded))
    asked = Asked(Cosigned((), {"one": "not reachable"}, ()), Cosigned((SEEN,), {}, ()))
    signer = make(asked)

    first = signer.sign()
    assert len(first.note.signatures) == 1
    assert signer.failures == {"one": "not reachable"}

    signer.ask_again()
    last = log(founded).reading(checkpoints.latest)
    assert last is not None
    assert last.note == first.note.signed_with(SEEN)
    assert signer.failures == {}
    assert asked.sizes == [first.size, first.size]


def test_what_witnesses_have_seen_more_of_is_not_published(
    founded: Ledger, make: Make, keys: SigningKeys, mark: Mark
) -> None:
    """As after a restore of the whole machine, which takes the mark back with the database."""
    keys.create(origin_of(founded))
    first = make().sign()
    founded.propose_sync(cases())
    size = founded.store.size()
    seen = (WitnessAhead("one", size + 7, size),)
    asked = Asked(Cosigned((), {}, seen, is_rolled_back=True), Cosigned((SEEN,), {}, ()))
    signer = make(asked)

    with pytest.raises(Inconsistent, match="restored from an older state") as refused:
        signer.sign()

    assert f"one cosigned {size + 7}" in str(refused.value)
    assert log(founded).reading(checkpoints.latest) == first
    assert mark.read() == Checkpoint.parse(first.note.text), "the right database goes on from here"
    assert signer.sign().size == size, "once they say otherwise"


def test_the_first_checkpoint_that_witnesses_refuse_so_leaves_no_mark(
    founded: Ledger, make: Make, keys: SigningKeys, mark: Mark
) -> None:
    keys.create(origin_of(founded))
    size = founded.store.size()
    seen = (WitnessAhead("one", size + 7, size),)

    with pytest.raises(Inconsistent):
        make(Asked(Cosigned((), {}, seen, is_rolled_back=True))).sign()

    assert mark.read() is None


def test_a_database_that_is_away_is_said_to_be(keys: SigningKeys, mark: Mark, schema: str) -> None:
    signer = CheckpointSigner("postgresql://127.0.0.1:1/none", schema, keys, mark, Nobody())

    with pytest.raises(StoreDown):
        signer.sign()


@pytest.fixture
def notary(founded: Ledger, make: Make, keys: SigningKeys) -> Iterator[Any]:
    """Starts notaries of the founded ledger, which has a key."""
    keys.create(origin_of(founded))
    started: list[Notary] = []

    def start(sign_seconds: float) -> Notary:
        assert isinstance(founded.store, PostgresStore)
        started.append(Notary(founded.store, make(), sign_seconds))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.close()


def size_signed(ledger: Ledger) -> int:
    last = log(ledger).reading(checkpoints.latest)
    return last.size if last else 0


def test_the_notary_signs_while_the_log_grows(founded: Ledger, notary: Any) -> None:
    notary(0.1)

    wait_for(lambda: size_signed(founded) == founded.store.size())
    founded.propose_sync(cases())
    wait_for(lambda: size_signed(founded) == founded.store.size())


def test_a_disclosure_that_is_published_is_signed_at_once(founded: Ledger, notary: Any) -> None:
    notary(3600)
    wait_for(lambda: size_signed(founded) == founded.store.size())
    size = founded.store.size()
    writer = founded.store.writer()

    append(writer, ("noted",))
    append(writer, ("disclosure_published",))
    writer.close()

    wait_for(lambda: size_signed(founded) == size + 2)


def test_within_the_minute_only_a_request_makes_another_checkpoint(
    founded: Ledger, notary: Any
) -> None:
    running = notary(3600)
    wait_for(lambda: size_signed(founded) == founded.store.size())
    before = size_signed(founded)
    founded.propose_sync(cases())

    assert running.covering(before).size == before
    wait_for(lambda: running.covering(before + 1) is not None)
    assert size_signed(founded) == founded.store.size()


def test_a_notary_says_what_stands_in_its_way_and_goes_on_when_it_is_gone(
    founded: Ledger, notary: Any, keys: SigningKeys
) -> None:
    hidden = keys.path.with_suffix(".hidden")
    shutil.move(keys.path, hidden)
    running = notary(0.1)
    wait_for(lambda: running.trouble is not None)
    assert "log-key create" in running.trouble

    shutil.move(hidden, keys.path)

    wait_for(lambda: running.trouble is None)
    assert size_signed(founded) == founded.store.size()


class Failing:
    """Witnesses whose client has a defect."""

    def __init__(self) -> None:
        self.is_mended = False

    def cosign(self, note: Note, proof: Proof) -> Cosigned:
        if self.is_mended:
            return Cosigned((), {}, ())
        raise ZeroDivisionError


def test_what_was_not_foreseen_does_not_end_the_notary(
    founded: Ledger, make: Make, keys: SigningKeys
) -> None:
    keys.create(origin_of(founded))
    witnesses = Failing()
    running = Notary(log(founded), make(witnesses), 0.1)
    running.start()
    wait_for(lambda: running.trouble is not None)
    assert running.trouble == "ZeroDivisionError()"

    witnesses.is_mended = True

    wait_for(lambda: running.trouble is None)
    running.close()
    assert size_signed(founded) == founded.store.size()


@pytest.mark.parametrize("by", ["+ interval '1 day'", "- interval '1 day'"])
def test_a_clock_that_was_set_back_or_forth_holds_no_checkpoint_up(
    founded: Ledger, make: Make, keys: SigningKeys, postgres_url: str, schema: str, by: str
) -> None:
    keys.create(origin_of(founded))
    first = make().sign()
    moved = "update checkpoint set signed_at = signed_at "
    as_superuser(postgres_url, schema, moved + by)
    founded.propose_sync(cases())
    size = founded.store.size()
    assert size > first.size

    published = Notary(log(founded), make()).covering(size)

    assert published is not None
    assert published.size == size


class Stalling:
    """Witnesses that answer when the test lets them."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.go_on = threading.Event()

    def cosign(self, note: Note, proof: Proof) -> Cosigned:
        self.is_asked.set()
        assert self.go_on.wait(PATIENCE_SECONDS)
        return Cosigned((), {}, ())


def test_however_often_a_request_asks_in_vain_the_witnesses_are_asked_now_and_then(
    founded: Ledger, make: Make, keys: SigningKeys
) -> None:
    keys.create(origin_of(founded))
    size = founded.store.size()
    seen = (WitnessAhead("one", size + 7, size),)
    witnesses = Asked(Cosigned((), {}, seen, is_rolled_back=True))
    asked = Notary(log(founded), make(witnesses))
    with pytest.raises(Inconsistent):
        asked.covering(size)

    assert [asked.covering(size) for _ in range(10)] == [None] * 10

    assert witnesses.sizes == [size]


def test_requests_do_not_queue_behind_one_that_is_being_signed(
    founded: Ledger, make: Make, keys: SigningKeys
) -> None:
    """Else a stranger who asks for proofs takes all threads while a witness stalls."""
    keys.create(origin_of(founded))
    witnesses, size = Stalling(), founded.store.size()
    asked = Notary(log(founded), make(witnesses))

    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(asked.covering, size)
        assert witnesses.is_asked.wait(PATIENCE_SECONDS)
        others = [asked.covering(size) for _ in range(100)]
        witnesses.go_on.set()

    assert others == [None] * 100
    signed = first.result()
    assert signed is not None
    assert signed.size == size


def test_witnesses_that_are_new_are_asked_though_the_log_is_idle(
    founded: Ledger, make: Make, keys: SigningKeys
) -> None:
    keys.create(origin_of(founded))
    before = make().sign()
    notary = Notary(log(founded), make(Asked(Cosigned((SEEN,), {}, ()))), 3600)

    notary.start()
    try:
        wait_for(lambda: log(founded).reading(checkpoints.latest) != before)
    finally:
        notary.close()

    last = log(founded).reading(checkpoints.latest)
    assert last is not None
    assert last.size == before.size
    assert last.note == before.note.signed_with(SEEN)
