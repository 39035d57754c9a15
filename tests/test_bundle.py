"""A bundle holds what C2SP names, under these names, and never half of it."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from ledger.bundle import CannotExport, export, layout
from ledger.catalogue import KINDS
from ledger.store.contract import StoredEvent
from ledger.store.postgres import PostgresStore
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Malformed
from ledger.tlog.merkle import EMPTY_ROOT
from ledger.tlog.note import Note
from ledger.tlog.proofs import verify_consistency
from ledger.tlog.tiles import Tile, decode_entries, tiles_of
from ledger.tlog.tower import Tower
from tests.audited_log import ORIGIN, SIGNER, batches, bundle_of, log, memory_store, root_of, signed
from tests.tlog_trees import leaves, tree_hash

EVENTS = 600


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of 600 events with three earlier checkpoints, which nobody changes."""
    return bundle_of(log(EVENTS), tmp_path_factory.mktemp("bundles") / "bundle", (1, 256, 599))


def files(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


# Tiles


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700])
def test_a_tower_builds_the_tiles_of_a_tree(size: int) -> None:
    hashes, tower = leaves(size), Tower()

    built = [one for leaf in hashes for one in tower.add(leaf)]
    built += tower.partial()

    assert sorted((one.tile.level, one.tile.index, one.tile.width) for one in built) == sorted(
        (tile.level, tile.index, tile.width) for tile in tiles_of(size)
    )
    for tile, row in built:
        span = 256**tile.level
        first = tile.index * 256 * span
        assert row == [
            tree_hash(hashes[start : start + span])
            for start in range(first, first + tile.width * span, span)
        ]


def test_a_tower_from_the_second_level_builds_the_same_above_it() -> None:
    whole, upper = Tower(), Tower()
    for leaf in leaves(256 * 3 + 5):
        for tile, row in whole.add(leaf):
            if tile.level == 0:
                upper.add(tree_hash(row), level=1)

    assert list(upper.partial()) == list(whole.partial())[1:]
    assert next(upper.partial()).tile == Tile(1, 0, 3)


# What is in a bundle


def test_a_bundle_has_the_files_of_its_size_and_no_others(bundle: Path) -> None:
    found = files(bundle)

    tree = {f"tile/{tile.path}" for tile in tiles_of(EVENTS)}
    packs = {layout.pack_file(one.position) for one in log(EVENTS) if one.kind == "rules_enacted"}
    assert tree == {"tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"}
    assert len(packs) == 3
    assert found == {
        *tree, *packs, *(layout.schema_file(kind) for kind in KINDS),
        "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88",
        "index/000", "index/001", "index/002.p/88",
        "checkpoints/1", "checkpoints/256", "checkpoints/599", "proofs/1", "proofs/256",
        "proofs/599", "checkpoint", "README.md", "data-dictionary.md", "SHA256SUMS",
    }  # fmt: skip


def test_entries_are_the_records_and_the_index_their_columns(bundle: Path) -> None:
    events = log(EVENTS)
    records: list[bytes] = []
    lines: list[bytes] = []
    for name in ("000", "001", "002.p/88"):
        records += decode_entries((bundle / "tile/entries" / name).read_bytes())
        lines += (bundle / "index" / name).read_bytes().splitlines()

    assert records == [event.record for event in events]
    assert [orjson.loads(line) for line in lines] == [
        {"kind": event.kind, "tags": list(event.tags)} for event in events
    ]


@pytest.mark.parametrize("size", [1, 256, 599])
def test_an_earlier_checkpoint_has_its_proof(bundle: Path, size: int) -> None:
    old = Checkpoint.parse(Note.parse((bundle / f"checkpoints/{size}").read_bytes()).text)
    lines = (bundle / f"proofs/{size}").read_text().splitlines()

    proof = [base64.b64decode(line) for line in lines]

    assert old.size == size
    verify_consistency(size, EVENTS, proof, old.root, root_of(log(EVENTS)))


def test_packs_schemas_and_dictionary_say_what_the_catalogue_says(bundle: Path) -> None:
    pack = orjson.loads((bundle / "packs/24.json").read_bytes())
    schema = orjson.loads((bundle / "schemas/request_filed.json").read_bytes())
    dictionary = (bundle / layout.DICTIONARY).read_text()

    assert pack["pack_version"] == 1
    assert schema["x-kind"] == "request_filed"
    for kind in KINDS:
        assert f"### {kind} " in dictionary
    links = set(re.findall(r"\]\(#([^)]+)\)", dictionary))
    assert links - set(re.findall(r'<a id="([^"]+)">', dictionary)) == {"lists-of-values-取值"}


# What its README says


def test_the_manifest_is_one_of_coreutils(bundle: Path) -> None:
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
        cwd=bundle, check=False, capture_output=True,
    )  # fmt: skip

    assert checked.returncode == 0, checked.stdout


def blocks(bundle: Path, language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", (bundle / layout.README).read_text(), re.S)
    return str(found)


def test_the_readmes_own_lines_find_the_root(bundle: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-c", blocks(bundle, "python")],
        cwd=bundle, check=True, capture_output=True, text=True,
    )  # fmt: skip

    found, said = ran.stdout.splitlines()
    assert found == said == base64.b64encode(root_of(log(EVENTS))).decode()


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not here")
def test_the_readmes_own_lines_check_the_signature(bundle: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(bundle, tmp_path / "copy")
    signature = (copy / "checkpoint").read_text().split()[-1]
    key = str(SIGNER.key).split("+", 2)[2]

    def outcome(signed_text: str) -> int:
        (copy / "checkpoint").write_text(signed_text)
        given = {**os.environ, "KEY": key, "SIGNATURE": signature}
        words = ["bash", "-euo", "pipefail", "-c", blocks(bundle, "bash")]
        return subprocess.run(
            words, cwd=copy, env=given, check=False, capture_output=True
        ).returncode

    text = (copy / "checkpoint").read_text()
    assert outcome(text) == 0
    assert outcome(text.replace("\n600\n", "\n601\n")) == 1


# Refusals


def test_an_existing_target_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()

    with pytest.raises(CannotExport, match="exists already"):
        bundle_of(log(5), tmp_path / "there")

    assert list(tmp_path.rglob("*")) == [tmp_path / "there"]


def wrong_root() -> Note:
    text = Checkpoint(ORIGIN, 5, bytes(32)).to_text()
    return Note(text, (SIGNER.sign(text),))


def empty() -> Note:
    text = Checkpoint(ORIGIN, 0, EMPTY_ROOT).to_text()
    return Note(text, (SIGNER.sign(text),))


@pytest.mark.parametrize(
    ("note", "says"),
    [
        (wrong_root(), "was changed"),
        (signed(log(9), 9), "of 9 events and the log has 5"),
        (empty(), "of 0 events"),
    ],
)
def test_a_log_that_does_not_lead_to_the_checkpoint_is_refused(
    tmp_path: Path, note: Note, says: str
) -> None:
    with pytest.raises(CannotExport, match=says):
        export(memory_store(log(5)), note, (), tmp_path / "bundle")

    assert list(tmp_path.iterdir()) == []


def test_a_note_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed):
        export(memory_store(log(5)), Note("hello\n", ()), (), tmp_path / "bundle")


def test_an_earlier_checkpoint_of_another_log_is_refused(tmp_path: Path) -> None:
    others = (*log(2), *log(9)[6:9])

    for stranger in (signed(others, 3), signed(log(9), 3, origin="town.example/other")):
        with pytest.raises(CannotExport, match="does not belong"):
            export(memory_store(log(5)), signed(log(5), 5), [stranger], tmp_path / "bundle")

    assert list(tmp_path.iterdir()) == []


def test_checkpoints_that_are_not_smaller_are_left_out(tmp_path: Path) -> None:
    notes = [signed(log(9), size) for size in (4, 5, 7)]

    export(memory_store(log(9)), signed(log(9), 5), notes, tmp_path / "bundle")

    assert [path.name for path in (tmp_path / "bundle/checkpoints").iterdir()] == ["4"]


def test_an_interrupted_export_leaves_nothing_behind(tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    class Store:
        def size(self) -> int:
            return EVENTS

        def read(self, *, until: int) -> Iterator[StoredEvent]:
            yield from log(EVENTS)[: until // 2]
            raise Interrupted

    with pytest.raises(Interrupted):
        export(Store(), signed(log(EVENTS), EVENTS), (), tmp_path / "bundle")

    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_for_its_owner_alone_and_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    note = signed(log(9), 9)
    export(memory_store(log(9)), note, (), tmp_path / "a/b", lambda *so_far: told.append(so_far))

    assert (tmp_path / "a/b").stat().st_mode & 0o077 == 0
    assert told[-1] == (9, 9)


def test_a_bundle_from_postgresql_is_the_same(
    postgres_store: PostgresStore, tmp_path: Path
) -> None:
    writer = postgres_store.writer()
    for batch in batches(log(300)):
        writer.lock(())
        writer.commit(batch)
    writer.close()

    export(postgres_store, signed(log(300), 299), [signed(log(300), 7)], tmp_path / "a")
    export(memory_store(log(300)), signed(log(300), 299), [signed(log(300), 7)], tmp_path / "b")

    assert files(tmp_path / "a") == files(tmp_path / "b")
    for file in files(tmp_path / "a"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
