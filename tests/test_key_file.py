"""A secret key in a file: whole, for its owner alone, and the same for all who start together."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.key_file import KEY_BYTES, load_or_make_key


def test_a_key_is_made_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    before = os.umask(0)
    try:
        made = load_or_make_key(path)
    finally:
        os.umask(before)

    assert len(made) == KEY_BYTES
    assert made != bytes(KEY_BYTES)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make_key(path) == made
    assert os.listdir(tmp_path) == ["vault.key"]  # noqa: PTH208 - the names alone


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_a_wrong_length_stops_the_start(tmp_path: Path, length: int) -> None:
    path = tmp_path / "vault.key"
    path.write_bytes(bytes(length))

    with pytest.raises(ValueError, match="not a key of 32 bytes"):
        load_or_make_key(path)

    assert path.read_bytes() == bytes(length)


STARTS = """
import sys
from pathlib import Path
from ledger.key_file import load_or_make_key
print("ready", flush=True)
sys.stdin.readline()
print(load_or_make_key(Path(sys.argv[1])).hex())
"""


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", STARTS, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    keys = {process.communicate(timeout=60)[0].strip() for process in processes}

    assert keys == {path.read_bytes().hex()}
    assert [file.name for file in tmp_path.iterdir()] == ["vault.key"]
