"""Whoever changes a bundle's files, be it one bit, is found at the first that is not as it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from random import Random

import pytest

from ledger.bundle import layout
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.note import Note
from ledger.tlog.tiles import decode_entries, encode_entries
from tests.audit_reports import fault_of, verified
from tests.audited_log import ORIGIN, SIGNER, bundle_of, log
from tests.strategies import TORTURE

EVENTS = 600
FIRST = {"000": 1, "001": 257, "002.p/88": 513}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that nobody changes."""
    return bundle_of(log(EVENTS), tmp_path_factory.mktemp("audit") / "bundle", (1, 256, 599))


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(whole, tmp_path / "bundle")


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def reordered(data: bytes) -> bytes:
    records = decode_entries(data)
    records[10], records[20] = records[20], records[10]
    return encode_entries(records)


def one_less(data: bytes) -> bytes:
    return encode_entries(decode_entries(data)[:-1])


def one_more(data: bytes) -> bytes:
    records = decode_entries(data)
    return encode_entries([*records, records[-1]])


def repeated(data: bytes) -> bytes:
    records = decode_entries(data)
    return encode_entries([*records[:5], records[4], *records[5:]])


CHANGES: dict[str, tuple[str, Callable[[bytes], bytes], int | None]] = {
    "two records swapped": ("tile/entries/001", reordered, 267),
    "a record twice": ("tile/entries/001", repeated, 262),
    "a record less": ("tile/entries/001", one_less, 512),
    "a record more": ("tile/entries/001", one_more, 512),
    "cut in a record": ("tile/entries/001", lambda data: data[:-1], 512),
    "a byte after the last record": ("tile/entries/001", lambda data: data + b"\0", 512),
    "no records": ("tile/entries/001", lambda data: b"", 257),
    "an enormous length": ("tile/entries/001", lambda data: b"\xff\xff" + data[2:], 257),
    "an enormous file": ("tile/entries/000", lambda data: data + bytes(20_000_000), 1),
    "a hash less": ("tile/0/001", lambda data: data[:-32], 512),
    "a byte less of a hash": ("tile/0/001", lambda data: data[:-1], 512),
    "a hash more": ("tile/0/001", lambda data: data + bytes(32), 257),
    "two hashes swapped": ("tile/0/001", lambda data: data[32:64] + data[:32] + data[64:], 257),
    "another hash above": ("tile/1/000.p/2", lambda data: data[:32] + bytes(32), 257),
    "a hash less above": ("tile/1/000.p/2", lambda data: data[:32], 257),
    "no hash above": ("tile/1/000.p/2", lambda data: b"", 1),
    "a hash more above": ("tile/1/000.p/2", lambda data: data + bytes(32), None),
    "no last newline": ("index/001", lambda data: data[:-1], 512),
    "an empty line": ("index/001", lambda data: data + b"\n", 512),
    "lines that end otherwise": ("index/001", lambda data: data.replace(b"\n", b"\r\n"), 257),
    "no lines": ("index/001", lambda data: b"", 257),
    "a longer proof": ("proofs/256", lambda data: data + data.splitlines(True)[-1], None),
    "a proof of no text": ("proofs/256", lambda data: b"\xff\n", None),
    "a proof too long": ("proofs/256", lambda data: b"A\n" * 100, None),
    "a line after the signatures": ("checkpoint", lambda data: data + b"\n", None),
    "zeros for a checkpoint": ("checkpoint", lambda data: b"\0" * 300_000, None),
    "no last newline of the manifest": ("SHA256SUMS", lambda data: data[:-1], None),
    "a manifest of the whole disk": (
        "SHA256SUMS",
        lambda data: data.replace(b"  README", b"  /etc/passwd"),
        None,
    ),
    "a manifest beyond the bundle": (
        "SHA256SUMS",
        lambda data: data.replace(b"  README", b"  ../README"),
        None,
    ),
    "a file listed twice": ("SHA256SUMS", lambda data: data + data.splitlines(True)[-1], None),
    "a space in the README": ("README.md", lambda data: data + b" ", None),
    "a space after a pack": ("packs/24.json", lambda data: data + b" ", 24),
    "no schema": ("schemas/request_filed.json", lambda data: b"", None),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_file_is_found(bundle: Path, name: str) -> None:
    file, change, position = CHANGES[name]
    rewrite(bundle / file, change)

    found, named = fault_of(verified(bundle))

    assert found == position
    assert named is not None
    assert named.rpartition("/")[2] == file.rpartition("/")[2]


def test_every_missing_file_is_found(bundle: Path) -> None:
    for path in sorted(path for path in bundle.rglob("*") if path.is_file()):
        moved = path.rename(bundle.parent / "moved")

        _, file = fault_of(verified(bundle))

        moved.rename(path)
        name = str(path.relative_to(bundle))
        assert file in (name, str(path.parent.relative_to(bundle)))
    assert verified(bundle).is_verified


@pytest.mark.parametrize(
    "file",
    [
        "extra", "tile/0/003", "tile/0/002", "tile/0/002.p/87", "tile/00/000", "tile/2/000.p/1",
        "tile/entries/3", "index/x000/000", "packs/25.json", "packs/1", "checkpoints/300",
        "checkpoints/0300", "schemas/request_filed.txt", "tile/0/\n\x1b[31m", "proofs/a/b/c",
    ],
)  # fmt: skip
def test_an_extra_file_is_found(bundle: Path, file: str) -> None:
    (bundle / file).parent.mkdir(exist_ok=True, parents=True)
    (bundle / file).write_bytes(b"")

    report = verified(bundle)

    assert fault_of(report) == (None, repr(file)[1:-1])
    assert report.events == EVENTS
    assert "\x1b" not in report.verdict()


@pytest.mark.parametrize("number", [25, 2**62])
def test_a_pack_that_nobody_enacted_is_found_though_it_is_listed(bundle: Path, number: int) -> None:
    file = layout.pack_file(number)
    (bundle / file).write_bytes((bundle / "packs/24.json").read_bytes())
    listed = layout.parse_manifest((bundle / "SHA256SUMS").read_bytes())
    listed[file] = listed["packs/24.json"]
    (bundle / "SHA256SUMS").write_bytes(layout.manifest(listed))

    assert fault_of(verified(bundle)) == (None, file)


@pytest.mark.parametrize(
    "file", ["checkpoint", "SHA256SUMS", "tile/0/000", "tile/entries/001", "index/001", "README.md"]
)
def test_what_is_no_plain_file_is_found_and_never_followed_or_waited_for(
    bundle: Path, file: str
) -> None:
    path, kept = bundle / file, bundle.parent / "kept"
    path.rename(kept)
    attempts: list[tuple[Callable[[], object], Callable[[], object]]] = [
        (lambda: path.symlink_to(kept), path.unlink),
        (path.mkdir, path.rmdir),
        (lambda: os.mkfifo(path), path.unlink),
    ]
    for make, undo in attempts:
        make()
        assert fault_of(verified(bundle))[1] == file
        undo()
    path.mkdir()
    (path / "within").touch()
    assert fault_of(verified(bundle))[1] == file


def test_a_directory_that_is_a_link_is_found(bundle: Path) -> None:
    (bundle / "tile").rename(bundle.parent / "tile")
    (bundle / "tile").symlink_to(bundle.parent / "tile")

    assert fault_of(verified(bundle)) == (None, "tile")


def test_an_earlier_checkpoint_that_was_put_in_another_place_is_found(bundle: Path) -> None:
    listed = layout.parse_manifest((bundle / "SHA256SUMS").read_bytes())
    for folder in ("checkpoints", "proofs"):
        (bundle / folder / "256").rename(bundle / folder / "255")
        listed[f"{folder}/255"] = listed.pop(f"{folder}/256")
    (bundle / "SHA256SUMS").write_bytes(layout.manifest(listed))

    assert fault_of(verified(bundle)) == (None, "checkpoints/255")


def test_an_earlier_checkpoint_of_another_history_is_found(bundle: Path) -> None:
    text = Checkpoint(ORIGIN, 256, bytes(32)).to_text()
    (bundle / "checkpoints/256").write_bytes(Note(text, (SIGNER.sign(text),)).to_bytes())

    assert fault_of(verified(bundle)) == (None, "proofs/256")


# One bit anywhere


@pytest.mark.torture
def test_no_flipped_bit_goes_unseen(bundle: Path) -> None:
    random = Random(20260301)
    paths = sorted(path for path in bundle.rglob("*") if path.is_file())
    for _ in range(5_000 if TORTURE else 250):
        path = random.choice(paths)
        data = path.read_bytes()
        at, bit = random.randrange(len(data)), random.randrange(8)
        path.write_bytes(data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :])

        position, file = fault_of(verified(bundle))

        path.write_bytes(data)
        name = str(path.relative_to(bundle))
        assert name == "SHA256SUMS" or position == place(name, data, at) is not None or file == name
    assert verified(bundle).is_verified


def place(name: str, data: bytes, at: int) -> int | None:
    """The position of the event that a byte of a tile, an entry bundle or an index is about."""
    page = name.partition("/entries/")[2] or name.partition("index/")[2] or name[len("tile/0/") :]
    if page not in FIRST or name.startswith("tile/1"):
        return None
    first = FIRST[page]
    if name.startswith("index"):
        return first + data[:at].count(b"\n")
    if name.startswith("tile/0"):
        return first + at // 32
    ends = accumulate(2 + len(record) for record in decode_entries(data))
    return first + sum(end <= at for end in ends)
