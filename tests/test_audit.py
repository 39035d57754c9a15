"""A bundle is what the keys given have signed, or the report says that it is not."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from ledger.audit import Unreadable, verify_bundle
from ledger.bundle import layout
from ledger.tlog.cosignature import Cosigner
from ledger.tlog.note import Note, NoteVerifier, Signer
from ledger.tlog.policy import Policy
from tests.audit_reports import KEYS, fault_of, verified, with_record
from tests.audited_log import ORIGIN, SIGNER, bundle_of, log, signed

EVENTS = 600
STRANGER = Signer(ORIGIN, bytes(32))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that nobody changes."""
    return bundle_of(log(EVENTS), tmp_path_factory.mktemp("audit") / "bundle", (1, 256, 599))


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(whole, tmp_path / "bundle")


# What is right


def test_a_whole_bundle_verifies(whole: Path) -> None:
    report = verified(whole, since=signed(log(EVENTS), 300))

    assert report.verdict().startswith("verified: 600 events of town.example/ledger, root ")
    assert (report.size, report.events, report.compared) == (600, 600, (1, 256, 300, 599))
    assert report.signed_by == (str(SIGNER.key),)
    assert orjson.loads(report.to_json())["fault"] is None


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 512])
def test_a_bundle_of_any_size_verifies(tmp_path: Path, size: int) -> None:
    directory = bundle_of(log(EVENTS)[:size], tmp_path / "bundle", range(1, size, 50))

    assert verified(directory, since=signed(log(EVENTS), size)).is_verified


def test_two_processes_say_the_same_as_one(tmp_path: Path) -> None:
    events = log(256 * 70 + 9)
    directory = bundle_of(events, tmp_path / "bundle", (3, 5_000))
    kept = signed(events, 10_000)

    good = verified(directory, kept, workers=2)
    entries = directory / "tile/entries/041"
    entries.write_bytes(entries.read_bytes()[:-1] + b"!")
    bad = verified(directory, kept, workers=2)

    assert good.is_verified
    assert good.compared == (3, 5_000, 10_000)
    assert fault_of(bad) == fault_of(verified(directory, kept)) == (42 * 256, "tile/0/041")
    assert bad.events == 42 * 256 - 1


WITNESSES = [Cosigner(f"witness-{number}", 0x04, bytes([number] * 32)) for number in range(3)]
TWO_OF_THREE = Policy.parse(
    "".join(
        [
            *(f"witness w{number} {one.key}\n" for number, one in enumerate(WITNESSES)),
            "group all 2 w0 w1 w2\nquorum all\n",
        ]
    ).encode()
)


def cosigned(directory: Path, witnesses: Sequence[Cosigner]) -> Path:
    """The bundle with cosignatures, as an export finds them on the checkpoint."""
    path = directory / "checkpoint"
    note = Note.parse(path.read_bytes())
    path.write_bytes(note.signed_with(*(one.cosign(note.text, 1) for one in witnesses)).to_bytes())
    listed = layout.parse_manifest((directory / "SHA256SUMS").read_bytes())
    listed["checkpoint"] = sha256(path.read_bytes()).hexdigest()
    (directory / "SHA256SUMS").write_bytes(layout.manifest(listed))
    return directory


def test_a_policy_asks_for_witnesses_beside_the_key(tmp_path: Path) -> None:
    directory = cosigned(bundle_of(log(9), tmp_path / "bundle"), WITNESSES[1:])

    report = verify_bundle(directory, KEYS, policy=TWO_OF_THREE)

    assert report.cosigned_by == tuple(str(one.key) for one in WITNESSES[1:])
    assert "cosigned by 2 witnesses" in report.verdict()


def test_a_history_rewritten_with_a_stolen_key_is_refused_under_a_policy(tmp_path: Path) -> None:
    events = log(9)
    forged = [*events[:4], with_record(events[4], {"cause": "another"}), *events[5:]]
    directory = cosigned(bundle_of(forged, tmp_path / "bundle"), WITNESSES[:1])

    report = verify_bundle(directory, KEYS, policy=TWO_OF_THREE)

    assert verified(directory).is_verified  # by the key alone nobody can tell
    assert fault_of(report) == (None, "checkpoint")
    assert "1 of 3 witnesses" in report.verdict()


# Keys, origins and earlier checkpoints


def test_a_bundle_signed_with_another_key_is_refused(tmp_path: Path) -> None:
    events = log(9)
    other = shutil.copytree(bundle_of(events, tmp_path / "a"), tmp_path / "b")
    (other / "checkpoint").write_bytes(signed(events, 9, STRANGER).to_bytes())

    assert fault_of(verified(other)) == (None, "checkpoint")
    assert fault_of(verify_bundle(tmp_path / "a", [NoteVerifier(STRANGER.key)])) == (
        None,
        "checkpoint",
    )


def test_a_bundle_of_another_origin_is_refused(tmp_path: Path, whole: Path) -> None:
    events = log(9)
    directory = bundle_of(events, tmp_path / "bundle")
    elsewhere = signed(events, 9, origin="town.example/other")
    (directory / "checkpoint").write_bytes(elsewhere.to_bytes())

    assert fault_of(verified(directory)) == (None, "checkpoint")

    other = Signer("town.example/other", bytes(range(32)))
    note = signed(events, 9, other, "town.example/other")
    (directory / "checkpoint").write_bytes(note.to_bytes())
    report = verify_bundle(directory, [NoteVerifier(other.key)])
    assert fault_of(report) == (1, None)
    kept = verify_bundle(whole, [*KEYS, NoteVerifier(other.key)], since=note)
    assert fault_of(kept) == (None, "checkpoint")


def test_a_history_that_was_rewritten_and_signed_anew_contradicts_what_was_kept(
    tmp_path: Path,
) -> None:
    events = list(log(EVENTS))
    forged = [*events[:299], with_record(events[299], {"cause": "another"}), *events[300:]]
    directory = bundle_of(forged, tmp_path / "bundle", (100,))

    assert verified(directory).is_verified  # by itself nobody can tell
    assert verified(directory, since=signed(events, 299)).is_verified
    report = verified(directory, since=signed(events, 300))
    assert fault_of(report) == (None, "checkpoint")
    assert "of the positions 101 to 300" in report.verdict()


def test_a_bundle_older_than_what_was_kept_is_refused(tmp_path: Path) -> None:
    directory = bundle_of(log(EVENTS)[:300], tmp_path / "bundle")

    report = verified(directory, since=signed(log(EVENTS), 301))

    assert fault_of(report) == (None, "checkpoint")


def test_what_is_no_bundle_or_no_checkpoint_of_the_keys_is_unreadable(
    tmp_path: Path, whole: Path
) -> None:
    for path in (tmp_path / "absent", whole / "checkpoint"):
        with pytest.raises(Unreadable):
            verified(path)
    with pytest.raises(Unreadable, match="earlier checkpoint"):
        verified(whole, since=signed(log(9), 9, STRANGER))
    with pytest.raises(Unreadable, match="earlier checkpoint"):
        verified(whole, since=Note("x\n", (SIGNER.sign("x\n"),)))


@pytest.mark.parametrize("size", ["0", "601", "1000000", "9223372036854775807", "9" * 40, "1e9"])
def test_a_wrong_size_is_found_even_if_signed(bundle: Path, size: str) -> None:
    origin, _, root, *_ = (bundle / "checkpoint").read_text().split("\n")
    text = f"{origin}\n{size}\n{root}\n"
    (bundle / "checkpoint").write_bytes(Note(text, (SIGNER.sign(text),)).to_bytes())

    _, file = fault_of(verified(bundle))

    assert file in ("checkpoint", "tile/0/000", "proofs/1", "proofs/599")
