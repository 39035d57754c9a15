"""Erased is erased: in the running ledger, in its files, and in a backup of before; what was proved
stays proved, and the views stay as they are."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from api.running import make_signer
from api.settings import Settings
from ledger import catalogue
from ledger.access.log import PURPOSE, AccessLog
from ledger.domain.privacy.erasure import ErasureBasis, PersonalDataErased
from ledger.domain.requests.intake import RequestWithdrawn
from ledger.event import Commitment, personal_fields
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.postgres import PostgresStore
from ledger.store.tree import Tree
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Unverified
from ledger.tlog.merkle import leaf_hash
from ledger.tlog.note import NoteVerifier
from ledger.tlog.proof_file import ProofFile
from ledger.tlog.proofs import verify_consistency
from ledger.vault.cabinet import PostgresCabinet
from ledger.vault.erasing import Eraser
from ledger.vault.key_encryption import DamagedKey, KeyEncryptionKey, KeyRing, WrongKey
from ledger.vault.key_source import KeySource
from ledger.vault.opening import Held, Opener
from ledger.vault.sealing import DamagedValue, DataKey, OpenedValue
from ledger.vault.vault import Destroyed, Vault, open_each
from projections.all import ALL
from projections.digest import folded_digest
from projections.folding import fold
from projections.rebuild import rebuild
from tests.canaries import NEEDLES, Needle, assert_clean, found_in, found_in_files
from tests.canary_history import with_canaries
from tests.canary_town import ORIGIN, founded
from tests.request_acts import filing
from tests.strategies import TORTURE
from tests.test_rebuild import stored_digests
from tests.town import HOTLINE, TOWN_CLERK

pytestmark = [pytest.mark.torture, pytest.mark.timeout(1_800 if TORTURE else 180)]

SUBJECTS = 1_000 if TORTURE else 12
AT_ONCE = 100
"""Proposals in a list."""
KEPT = "kept"
"""The case of whom nothing is erased."""
FIELDS = len(personal_fields(type(filing())))


class Proof(NamedTuple):
    """What somebody kept of an event: the record's place, and the proof's text."""

    position: int
    text: bytes


@dataclass
class Erasing:
    """A ledger without a server, with its vault and what erases."""

    directory: Path
    settings: Settings
    url: str
    store: PostgresStore
    ledger: Ledger
    cabinet: PostgresCabinet
    opener: Opener
    eraser: Eraser

    @property
    def key_file(self) -> Path:
        return self.settings.data / "vault.key"

    def files(self) -> list[Path]:
        """All files of database and data directory as they are now."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("checkpoint")
            connection.execute("select pg_switch_wal()")
            connection.execute("checkpoint")
        places = (self.directory / "postgres", self.settings.data)
        return [path for place in places for path in place.rglob("*")]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Erasing]:
    with ExitStack() as stack:
        settings, url = stack.enter_context(founded(tmp_path))
        schema = settings.schema
        store = stack.enter_context(closing(PostgresStore(url, schema)))
        entries = stack.enter_context(closing(PostgresStore(url, settings.access_schema, PURPOSE)))
        source = settings.vault_key_source()
        cabinet = PostgresCabinet(url, schema, source)
        vault = stack.enter_context(closing(Vault(cabinet)))
        ledger = Ledger(store, vault)
        ledger.start()
        stack.callback(ledger.close)
        opener = Opener(store, cabinet, AccessLog(entries, lambda: ORIGIN))
        eraser = Eraser(store, cabinet, source, vault.keys, settings.exports())
        yield Erasing(tmp_path, settings, url, store, ledger, cabinet, opener, eraser)


def test_nothing_erased_opens_again_and_everything_proved_stays_so(town: Erasing) -> None:
    names = [*(f"case-{number}" for number in range(SUBJECTS)), KEPT]
    subjects = [f"request:{name}" for name in names[:-1]]
    file_all(town, names)
    before = {subject: town.opener.held(subject) for subject in subjects}
    assert {len(held) for held in before.values()} == {FIELDS}
    proofs = proofs_of(town, [one.position for held in before.values() for one in held])
    backup = backed_up(town)
    old_key = town.key_file.read_bytes()
    assert found_in_files(town.files(), [secret(old_key)]), "the search finds no key where one is"
    erase_all(town, subjects)
    log_before, shown_before = folded_digests(town), rebuilt_digests(town)

    done = town.eraser.erase()
    rotated = town.eraser.complete()

    assert {one.subject for one in done} == set(subjects)
    assert sum(one.sealed_values for one in done) == FIELDS * SUBJECTS
    assert {one.subject for one in rotated.completed} == set(subjects)
    assert rotated.old_key_destroyed
    assert_nothing_opens(town, before)
    new_key = town.key_file.read_bytes()
    destroyed = assert_backup_opens_with_the_old_key_alone(town, backup, before, old_key)
    assert_clean("the ledger's files", files=found_in_files(town.files(), NEEDLES))
    keys = [secret(key) for key in (old_key, *destroyed)]
    assert new_key != old_key
    assert not found_in_files(town.files(), keys), "a destroyed key lies in a file"
    assert_proved(town, proofs)
    assert folded_digests(town) == log_before
    assert rebuilt_digests(town) == shown_before == log_before
    assert_opens(town, f"request:{KEPT}")


def secret(key: bytes) -> Needle:
    """A key as what is looked for."""
    return Needle("a key", "clear", key)


def file_all(town: Erasing, names: Sequence[str]) -> None:
    """Cases with a canary in every personal field, each withdrawn at once: nothing needs it."""
    proposals = [
        Proposal(event, HOTLINE)
        for name in names
        for event in (
            with_canaries(filing(request=name, requester=f"requester-of-{name}")),
            RequestWithdrawn(request=name),
        )
    ]
    for first in range(0, len(proposals), AT_ONCE):
        town.ledger.propose_sync(proposals[first : first + AT_ONCE])


def erase_all(town: Erasing, subjects: Sequence[str]) -> None:
    for first in range(0, len(subjects), AT_ONCE):
        town.ledger.propose_sync(
            [
                Proposal(
                    PersonalDataErased(
                        subject=subject,
                        basis=ErasureBasis.REQUEST,
                        legal_reference="个人信息保护法第四十七条",
                    ),
                    TOWN_CLERK,
                )
                for subject in subjects[first : first + AT_ONCE]
            ]
        )


# The running ledger


def assert_nothing_opens(town: Erasing, before: dict[str, tuple[Held, ...]]) -> None:
    """Neither what the ledger holds, nor the ciphertexts that somebody kept of before."""
    for subject, held in before.items():
        assert town.opener.held(subject) == ()
        kept = [(one.sealed, one.commitment) for one in held]
        assert {type(one) for one in open_each(town.cabinet, kept)} == {Destroyed}


def assert_opens(town: Erasing, subject: str) -> None:
    held = town.opener.held(subject)
    opened = open_each(town.cabinet, [(one.sealed, one.commitment) for one in held])
    assert len(opened) == FIELDS
    for one in opened:
        assert isinstance(one, OpenedValue)
        assert found_in(one.value)


# The backup


def backed_up(town: Erasing) -> Path:
    """A base backup, as an operator makes it while the server runs."""
    target = town.directory / "restored"
    target.mkdir()
    data = target / "pgdata"
    words = [str(EmbeddedPostgres.binary("pg_basebackup")), "--dbname", town.url]
    words += ["--pgdata", str(data), "--wal-method=stream", "--checkpoint=fast"]
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    subprocess.run(words, check=True, capture_output=True, env=environment)
    # A restore gives the files back to the server's account.
    owner = (town.directory / "postgres" / "pgdata").stat()
    if os.geteuid() == 0:
        for path in (data, *data.rglob("*")):
            shutil.chown(path, owner.st_uid, owner.st_gid)
    data.chmod(0o700)
    return target


def assert_backup_opens_with_the_old_key_alone(
    town: Erasing, backup: Path, before: dict[str, tuple[Held, ...]], old_key: bytes
) -> list[bytes]:
    """The data keys that the old key brings out: those of the erased values."""
    held = [one for values in before.values() for one in values]
    old_file = town.directory / "old" / "vault.key"
    old_file.parent.mkdir()
    old_file.touch(mode=0o600)
    old_file.write_bytes(old_key)
    with EmbeddedPostgres(backup) as postgres:
        url, schema = postgres.url(), town.settings.schema
        wrapped = wrapped_keys(url, schema)
        assert {one.sealed.key_id for one in held} <= wrapped.keys()
        with closing(PostgresCabinet(url, schema, KeySource(town.key_file))) as cabinet:
            with pytest.raises(WrongKey):
                cabinet.check()
            for one in (held[0], held[-1]):  # each time it looks whether the key was replaced
                with pytest.raises(WrongKey):
                    open_each(cabinet, [(one.sealed, one.commitment)])
        by_hand(town.key_file.read_bytes(), held, wrapped)
        with closing(PostgresCabinet(url, schema, KeySource(old_file))) as cabinet:
            opened = open_each(cabinet, [(one.sealed, one.commitment) for one in held])
        assert all(isinstance(one, OpenedValue) and found_in(one.value) for one in opened)
    shutil.rmtree(old_file.parent)
    old = KeyEncryptionKey(old_key)
    return [old.unwrap(one.sealed.key_id, wrapped[one.sealed.key_id][1]) for one in held]


def by_hand(key: bytes, held: Sequence[Held], wrapped: dict[str, tuple[bytes, bytes]]) -> None:
    """No single value opens, for the ledger's code nor for who passes its checks by."""
    left = KeyEncryptionKey(key)
    for one in held:
        key_id = one.sealed.key_id
        wrapped_under, data_key = wrapped[key_id]
        with pytest.raises(WrongKey):
            KeyRing([left]).find(wrapped_under)
        with pytest.raises(DamagedKey):
            left.unwrap(key_id, data_key)
        with pytest.raises(DamagedValue):
            DataKey(key_id, key).open(one.sealed, one.commitment)


def wrapped_keys(url: str, schema: str) -> dict[str, tuple[bytes, bytes]]:
    """Id of each data key -> under what it is wrapped, and the wrapped key."""
    with psycopg.connect(url) as connection:
        connection.execute(f"set search_path to {schema}".encode())
        rows = connection.execute("select id::text, wrapped_under, wrapped from data_key")
        return {key_id: (under, wrapped) for key_id, under, wrapped in rows}


# Proofs


def proofs_of(town: Erasing, positions: Sequence[int]) -> list[Proof]:
    published = make_signer(town.settings, town.url, None).sign()

    def read(connection: psycopg.Connection[Any]) -> list[Proof]:
        tree = Tree(connection)
        found = []
        for position in sorted(set(positions)):
            hashes = tuple(tree.inclusion_proof(position - 1, published.size))
            found.append(
                Proof(position, ProofFile(position - 1, hashes, published.note).to_bytes())
            )
        return found

    return town.store.reading(read)


def assert_proved(town: Erasing, proofs: Sequence[Proof]) -> None:
    """Every proof of before leads from today's record to the checkpoint of then, and that to
    today's; each field's commitment stands where it stood."""
    verifiers = [NoteVerifier(one.key) for one in town.settings.signing_keys().load()]
    today = make_signer(town.settings, town.url, None).sign()
    assert len(proofs) == SUBJECTS
    checkpoints = set()
    for position, text in proofs:
        (stored,) = town.store.read(after=position - 1, until=position)
        leaf = leaf_hash(stored.record)
        proof = ProofFile.parse(text)
        checkpoint, _ = proof.verify(leaf, ORIGIN, verifiers)
        checkpoints.add(checkpoint)
        with pytest.raises(Unverified):
            proof.verify(leaf_hash(stored.record + b" "), ORIGIN, verifiers)
        event = catalogue.decode(position, stored.record).event
        personal = [getattr(event, name) for name in personal_fields(type(event))]
        assert all(isinstance(one, Commitment) for one in personal)
    (then,) = checkpoints
    consistency = town.store.reading(
        lambda connection: Tree(connection).consistency_proof(then.size, today.size)
    )
    assert today.size > then.size
    now = Checkpoint.parse(today.note.text)
    verify_consistency(then.size, now.size, consistency, then.root, now.root)


# Views


def rebuilt_digests(town: Erasing) -> dict[str, str]:
    rebuild(town.store, town.url, town.settings.schema)
    return stored_digests(town.url, town.settings.schema)


def folded_digests(town: Erasing) -> dict[str, str]:
    history = [catalogue.decode(one.position, one.record) for one in town.store.read()]
    return {one.name: folded_digest(one, fold(one, history)) for one in ALL}
