"""Writes a bundle: from a store and a signed checkpoint to a directory, in bounded memory."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import orjson

from ledger.bundle import layout
from ledger.bundle.writing import TreeWriter
from ledger.catalogue import KINDS, schema
from ledger.dictionary import data_dictionary
from ledger.store.contract import StoredEvent
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Unverified
from ledger.tlog.note import Note
from ledger.tlog.proofs import consistency_proof, verify_consistency

Progress = Callable[[int, int], None]
"""(events written, events there are)."""
_README = Path(__file__).with_name("readme.md")
_TOLD_EVENTS = 4_096


class Source(Protocol):
    """What an export asks of a `Store`."""

    def size(self) -> int: ...

    def read(self, *, until: int) -> Iterable[StoredEvent]: ...


class CannotExport(Exception):
    """No bundle can be made of this; nothing was left behind. Says why."""


def export(
    store: Source,
    note: Note,
    earlier: Sequence[Note],
    directory: Path,
    progress: Progress = lambda done, total: None,
) -> None:
    """Writes the first events of the store, as many as the checkpoint `note` has.

    Of the `earlier` checkpoints those that are smaller go in, with proofs. The directory appears
    whole or not at all, for its owner alone: entries are not public. Raises `CannotExport` for a
    target that exists and a log that does not lead to the checkpoint, `Malformed` for a note that
    is no checkpoint, `StoreDown` and OSError.
    """
    checkpoint = Checkpoint.parse(note.text)
    if os.path.lexists(directory):
        raise CannotExport(f"{directory} exists already: a bundle is written to a new directory")
    if not 0 < checkpoint.size <= store.size():
        raise CannotExport(
            f"the checkpoint is of {checkpoint.size} events and the log has {store.size()}"
        )
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        _write(store, checkpoint, note, earlier, draft, progress)
        draft.rename(directory)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _write(
    store: Source,
    checkpoint: Checkpoint,
    note: Note,
    earlier: Sequence[Note],
    draft: Path,
    progress: Progress,
) -> None:
    tree, size = TreeWriter(draft), checkpoint.size
    for event in store.read(until=size):
        tree.add(event)
        if event.position % _TOLD_EVENTS == 0:
            progress(event.position, size)
    tree.finish()
    if (tree.size, tree.root) != (size, checkpoint.root):
        raise CannotExport(
            f"the log's first {tree.size} events have the root {tree.root.hex()}; the checkpoint"
            f" says {checkpoint.root.hex()} at {size}: the log was changed, or is not the one"
        )
    files = {layout.CHECKPOINT: note.to_bytes(), **tree.packs}
    for old in earlier:
        files.update(_earlier(old, checkpoint, tree))
    files.update(_described(checkpoint))
    for name, data in files.items():
        (draft / name).parent.mkdir(exist_ok=True)
        (draft / name).write_bytes(data)
    digests = {name: sha256(data).hexdigest() for name, data in files.items()}
    (draft / layout.MANIFEST).write_bytes(layout.manifest(digests))
    progress(size, size)


def _earlier(old_note: Note, new: Checkpoint, tree: TreeWriter) -> dict[str, bytes]:
    """An earlier checkpoint and its proof; nothing for one that is not smaller."""
    old = Checkpoint.parse(old_note.text)
    if not 0 < old.size < new.size:
        return {}
    proof = consistency_proof(old.size, new.size, tree.hashes)
    try:
        if old.origin != new.origin:
            raise Unverified(f"it is of {old.origin}")
        verify_consistency(old.size, new.size, proof, old.root, new.root)
    except Unverified as error:
        raise CannotExport(
            f"the earlier checkpoint of {old.size} events does not belong to this log: {error}"
        ) from None
    return {
        layout.checkpoint_file(old.size): old_note.to_bytes(),
        layout.proof_file(old.size): layout.proof_text(proof),
    }


def _described(checkpoint: Checkpoint) -> dict[str, bytes]:
    """What tells a reader what the rest is."""
    readme = _README.read_text(encoding="utf-8")
    for name, value in (("origin", checkpoint.origin), ("size", f"{checkpoint.size:,}")):
        readme = readme.replace(f"${name}", value)
    pretty = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return {
        layout.README: readme.encode(),
        layout.DICTIONARY: data_dictionary().encode(),
        **{layout.schema_file(kind): orjson.dumps(schema(kind), option=pretty) for kind in KINDS},
    }
