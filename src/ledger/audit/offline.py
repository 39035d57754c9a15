"""Verifies a bundle with nothing but its files and the keys that its reader trusts."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from ledger.audit.folder import Folder
from ledger.audit.history import History
from ledger.audit.report import Fault, Faulty, Progress, Report, Unreadable, shown
from ledger.audit.roots import Cut, Roots
from ledger.audit.stretches import Checked, Stretch, check_stretch
from ledger.audit.workers import in_order
from ledger.bundle import layout
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Malformed, Unverified
from ledger.tlog.note import MAX_NOTE_BYTES, Note, Verifier
from ledger.tlog.policy import Policy
from ledger.tlog.proofs import verify_consistency
from ledger.tlog.tiles import WIDTH

STRETCH_TILES = 16
MAX_FILE_BYTES = 64 * 1024**2
_FEW_TILES = 64
"""Fewer are checked before another process has started."""


def verify_bundle(
    directory: Path,
    verifiers: Sequence[Verifier],
    *,
    since: Note | None = None,
    policy: Policy | None = None,
    progress: Progress = lambda done, total: None,
    workers: int | None = None,
) -> Report:
    """Reads all of a bundle and says whether it is what one of the keys signed.

    `since` is an earlier checkpoint that the reader kept; the bundle's own must satisfy the policy.
    Ends at the first fault. Raises `Unreadable` where there is nothing to read, or `since` is no
    checkpoint of these keys.
    """
    if not directory.is_dir():
        raise Unreadable(f"{directory} is not a directory")
    began = time.monotonic()
    bundle = _Bundle(directory, verifiers, progress)
    fault = None
    try:
        bundle.check(since, policy, workers or os.cpu_count() or 1)
    except Faulty as faulty:
        fault = faulty.fault
    return bundle.report(fault, time.monotonic() - began)


class _Bundle:
    """What is known of a bundle while it is read."""

    def __init__(self, path: Path, verifiers: Sequence[Verifier], progress: Progress) -> None:
        self._path = path
        self._folder = Folder(path)
        self._verifiers = verifiers
        self._progress = progress
        self._checkpoint: Checkpoint | None = None
        self._signed_by: tuple[str, ...] = ()
        self._witnesses: tuple[str, ...] = ()
        self._earlier: list[Cut] = []
        self._events = 0

    def report(self, fault: Fault | None, seconds: float) -> Report:
        """How it ended."""
        own = self._checkpoint
        return Report(
            str(self._path),
            own.origin if own else None,
            own.size if own else 0,
            own.root if own else None,
            self._signed_by,
            self._witnesses,
            tuple(sorted({cut.size for cut in self._earlier if cut.is_met})),
            self._events,
            seconds,
            fault,
        )

    def check(self, since: Note | None, policy: Policy | None, workers: int) -> None:
        """All of it; raises `Faulty` and `Unreadable`."""
        kept = None if since is None else _kept(since, self._verifiers)
        own = self._checkpoint = self._signed(layout.CHECKPOINT, policy)
        manifest = self._manifest()
        stray = self._stray(own.size, manifest)
        earlier = list(self._read_earlier(own, manifest))
        if kept is not None:
            earlier.append(_since(kept, own))
        self._earlier = sorted(earlier, key=lambda cut: cut.size)
        packs = self._check_events(own, workers)
        self._check_digests(manifest, packs)
        if stray is not None:
            expected = "no files but those of a bundle of this size"
            raise Faulty(Fault(expected, "one more", file=shown(stray, quoted=False)))

    def _signed(self, file: str, policy: Policy | None = None) -> Checkpoint:
        """A checkpoint that one of the keys signed."""
        try:
            note = Note.parse(self._folder.read(file, MAX_NOTE_BYTES))
            keys = note.verified_by(self._verifiers)
            checkpoint = Checkpoint.parse(note.text)
            if checkpoint.origin not in {key.name for key in keys}:
                raise Unverified(f"it is of {shown(checkpoint.origin)}, another log than its key's")
            if checkpoint.size == 0:
                raise Unverified("it is of an empty log")
            if policy is not None:
                logs = [one.key for one in self._verifiers]
                found = policy.verify(note, logs)
                self._witnesses = tuple(str(one.key) for one in found.witnesses)
        except (Malformed, Unverified) as error:
            asked = "" if policy is None else ", and as the policy asks"
            expected = f"a checkpoint signed with a key that was given{asked}"
            raise Faulty(Fault(expected, str(error), file=file)) from None
        if file == layout.CHECKPOINT:
            self._signed_by = tuple(map(str, keys))
        return checkpoint

    def _manifest(self) -> dict[str, str]:
        try:
            return layout.parse_manifest(self._folder.read(layout.MANIFEST, MAX_FILE_BYTES))
        except Malformed as error:
            expected = "a list of digests as this bundle has it"
            raise Faulty(Fault(expected, str(error), file=layout.MANIFEST)) from None

    def _stray(self, size: int, manifest: dict[str, str]) -> str | None:
        """A file that does not belong, if there is one; told last, for it takes nothing away."""
        stray = None
        for file in self._folder.files():
            if file not in manifest and file != layout.MANIFEST and not layout.in_tree(file, size):
                stray = stray or file
        return stray

    def _read_earlier(self, own: Checkpoint, manifest: dict[str, str]) -> Iterator[Cut]:
        """The earlier checkpoints, each with a proof that leads to the bundle's own."""
        for size in layout.earlier_sizes(manifest):
            file, proof_file = layout.checkpoint_file(size), layout.proof_file(size)
            old = self._signed(file)
            if (old.size, old.origin) != (size, own.origin) or size >= own.size:
                expected = f"a checkpoint of {own.origin} at {size}, smaller than {own.size}"
                found = f"{shown(old.origin)} at {old.size}"
                raise Faulty(Fault(expected, found, file=file))
            try:
                proof = layout.parse_proof(self._folder.read(proof_file, MAX_NOTE_BYTES))
                verify_consistency(size, own.size, proof, old.root, own.root)
            except (Malformed, Unverified) as error:
                expected = f"a consistency proof from {size} to {own.size}"
                raise Faulty(Fault(expected, str(error), file=proof_file)) from None
            yield Cut(size, old.root, file)

    def _check_events(self, own: Checkpoint, workers: int) -> set[str]:
        """All events and tiles; the files of the packs among them."""
        cuts = [*self._earlier, Cut(own.size, own.root, layout.CHECKPOINT)]
        roots, history, packs = Roots(self._folder, cuts), History(), set[str]()
        tiles = -(-own.size // WIDTH)
        sizes = tuple(dict.fromkeys(cut.size for cut in cuts))
        pieces = _stretches(self._path, own, sizes, tiles)
        found = in_order(check_stretch, pieces, 1 if tiles <= _FEW_TILES else workers)
        with closing(found):
            for checked in (one for stretch in found for one in stretch):
                self._take(checked, history)
                roots.take(checked)
                packs.update(map(layout.pack_file, checked.packs))
                self._progress(self._events, own.size)
        roots.finish()
        return packs

    def _take(self, checked: Checked, history: History) -> None:
        if checked.first_at is not None and checked.last_at is not None:
            history.take_time(checked.first, checked.first_at, checked.last_at)
        history.take_ids(checked.first, bytes(checked.ids))
        self._events += len(checked.ids) // 16
        if checked.fault is not None:
            raise Faulty(checked.fault)

    def _check_digests(self, manifest: dict[str, str], packs: set[str]) -> None:
        for file, digest in manifest.items():
            found = sha256(self._folder.read(file, MAX_FILE_BYTES)).hexdigest()
            if found != digest:
                raise Faulty(Fault(f"a file with SHA-256 {digest}", f"one with {found}", file=file))
            if file.startswith("packs/") and file not in packs:
                raise Faulty(Fault("a pack of rules that was enacted", "another", file=file))


def _stretches(
    directory: Path, own: Checkpoint, cuts: tuple[int, ...], tiles: int
) -> Iterator[Stretch]:
    for first in range(0, tiles, STRETCH_TILES):
        end = min(first + STRETCH_TILES, tiles)
        within = tuple(cut for cut in cuts if first * WIDTH < cut <= end * WIDTH)
        yield Stretch(directory, own.origin, own.size, within, first, end)


def _kept(since: Note, verifiers: Sequence[Verifier]) -> Checkpoint:
    try:
        since.verified_by(verifiers)
        return Checkpoint.parse(since.text)
    except (Malformed, Unverified) as error:
        raise Unreadable(f"the earlier checkpoint cannot be used: {error}") from None


def _since(kept: Checkpoint, own: Checkpoint) -> Cut:
    if kept.origin != own.origin:
        found = shown(own.origin)
        raise Faulty(Fault(f"the log {kept.origin}, as before", found, file=layout.CHECKPOINT))
    if kept.size > own.size:
        expected = f"at least the {kept.size} events that were there before"
        raise Faulty(Fault(expected, f"{own.size}", file=layout.CHECKPOINT))
    return Cut(kept.size, kept.root, "the earlier checkpoint that was kept")
