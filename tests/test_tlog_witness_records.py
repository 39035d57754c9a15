"""What a witness cosigned it remembers: through races, kills, restarts and damage."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from ledger.tlog.cosignature import ED25519_COSIGNATURE, ML_DSA_44
from ledger.tlog.note import Signer
from ledger.witness.directory import (
    MAX_KEYS,
    DamagedRecord,
    NoWitness,
    WitnessDirectory,
)
from ledger.witness.witness import Witness
from tests.strategies import TORTURE
from tests.tlog_logs import LOG, SIGNER
from tests.tlog_witnesses import ED, ORIGIN, TIME, size_of


@pytest.fixture
def directory(tmp_path: Path) -> WitnessDirectory:
    made = WitnessDirectory(tmp_path / "witness")
    made.add_log(SIGNER.key)
    return made


@pytest.fixture
def witness(directory: WitnessDirectory) -> Witness:
    return Witness(directory, [ED], lambda: TIME)


def test_a_witness_started_anew_remembers(directory: WitnessDirectory, witness: Witness) -> None:
    witness.add_checkpoint(LOG.submission(0, 7))

    anew = Witness(WitnessDirectory(directory.path), [ED], lambda: TIME)

    assert anew.add_checkpoint(LOG.submission(0, 7)) == (409, "7\n", "text/x.tlog.size")
    assert anew.add_checkpoint(LOG.submission(7, 9)).status == 200


@pytest.mark.parametrize("damage", [b"", b"x", b"town.example/log\n3\n", None])
def test_a_damaged_record_is_no_fresh_start(
    directory: WitnessDirectory, witness: Witness, damage: bytes | None
) -> None:
    witness.add_checkpoint(LOG.submission(0, 7))
    record = directory.path / "checkpoints" / ORIGIN
    record.write_bytes(
        record.read_bytes().replace(b"\n7\n", b"\n3\n") if damage is None else damage
    )

    for old in (0, 3, 7):
        with pytest.raises(DamagedRecord, match="is damaged"):
            witness.add_checkpoint(LOG.submission(old, 9))


def test_a_list_of_logs_that_is_damaged_is_said(
    directory: WitnessDirectory, witness: Witness
) -> None:
    (directory.path / "logs").write_text(f"{SIGNER.key}x\n")

    with pytest.raises(DamagedRecord, match="logs is damaged"):
        witness.add_checkpoint(LOG.submission(0, 7))


def test_the_keys_are_the_owners_alone(directory: WitnessDirectory) -> None:
    made = [directory.make_key("w.example", kind) for kind in (ED25519_COSIGNATURE, ML_DSA_44)]

    assert [one.key for one in directory.cosigners()] == [one.key for one in made]
    for name in ("ed25519.key", "ml-dsa-44.key"):
        assert (directory.path / name).stat().st_mode & 0o777 == 0o600
    with pytest.raises(NoWitness, match="there already"):
        directory.make_key("w.example", ED25519_COSIGNATURE)
    (directory.path / "ed25519.key").chmod(0o644)
    with pytest.raises(NoWitness, match="read by others"):
        directory.cosigners()


def test_a_directory_without_a_good_key_is_no_witness(directory: WitnessDirectory) -> None:
    with pytest.raises(NoWitness, match="has no key"):
        directory.cosigners()
    directory.make_key("w.example", ML_DSA_44)
    with pytest.raises(NoWitness, match=r"has the name w\.example"):
        directory.make_key("v.example", ED25519_COSIGNATURE)
    (directory.path / "ml-dsa-44.key").write_text(SIGNER.to_secret_text())
    with pytest.raises(NoWitness, match="no key of a witness"):
        directory.cosigners()


def test_one_log_has_eight_keys_at_most(directory: WitnessDirectory) -> None:
    for number in range(1, MAX_KEYS):
        directory.add_log(Signer("town.example/log", bytes([number]) * 32).key)

    with pytest.raises(NoWitness, match="8 of one log"):
        directory.add_log(Signer("town.example/log", b"\xff" * 32).key)
    assert directory.add_log(Signer("city.example/log", b"\xff" * 32).key)


def test_threads_that_race_never_roll_the_log_back(directory: WitnessDirectory) -> None:
    witness = Witness(directory, [ED], lambda: TIME)
    steps: list[tuple[int, int]] = []
    start = threading.Barrier(4)

    def grow(seed: int) -> None:
        random, known = Random(seed), 0
        start.wait()
        for _ in range(40):
            size = random.randint(known, min(known + 3, 64))
            answer = witness.add_checkpoint(LOG.submission(known, size))
            if answer.status == 200:
                steps.append((known, size))
                known = size
            else:
                assert answer.status == 409
                known = int(answer.body)

    threads = [threading.Thread(target=grow, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert grows(steps) == size_of(witness)


def grows(steps: Sequence[tuple[int, int]]) -> int:
    """The size at the end, if every step that grows the log starts where another one ended."""
    size = 0
    for old, new in sorted(step for step in steps if step[0] < step[1]):
        assert old == size, f"from {old} to {new}, when {size} had been cosigned"
        size = new
    assert {old for old, new in steps if old == new} <= {0, *(new for _, new in steps)}
    return size


GROWER = """
import sys
from pathlib import Path
from random import Random
from ledger.witness.witness import Witness
from ledger.witness.directory import WitnessDirectory
from tests.tlog_logs import LOG
from tests.tlog_witnesses import ED
witness, random, known = Witness(WitnessDirectory(Path(sys.argv[1])), [ED]), Random(sys.argv[2]), 0
while known < 64:
    size = random.randint(known, min(known + 1, 64))
    answer = witness.add_checkpoint(LOG.submission(known, size))
    if answer.status == 200:
        print(known, size, flush=True)
        known = size
    else:
        assert answer.status == 409, answer
        known = int(answer.body)
"""


def growing(directory: WitnessDirectory, seed: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", GROWER, str(directory.path), str(seed)],
        stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def test_processes_that_race_never_roll_the_log_back(directory: WitnessDirectory) -> None:
    both = [growing(directory, seed) for seed in range(2)]
    told = [process.communicate(timeout=60)[0] for process in both]

    lines = [line.split() for line in "".join(told).splitlines()]
    assert [process.returncode for process in both] == [0, 0]
    assert grows([(int(old), int(new)) for old, new in lines]) == 64


@pytest.mark.torture
def test_a_witness_killed_in_the_middle_keeps_what_it_answered(
    directory: WitnessDirectory, witness: Witness
) -> None:
    random, last = Random(20260301), 0
    for attempt in range(60 if TORTURE else 4):
        process = growing(directory, attempt)
        assert process.stdout is not None
        told = process.stdout.readline()
        time.sleep(random.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        told += process.stdout.read()
        process.stdout.close()
        process.wait()

        sizes = [int(line.split()[1]) for line in told.splitlines() if line.count(" ") == 1]
        last = max([last, *sizes])
        size = size_of(witness)
        assert size >= last
        again = witness.add_checkpoint(LOG.submission(size, size))
        assert again.status == 200
        if size > 50:
            (directory.path / "checkpoints" / ORIGIN).unlink()
            last = 0
