"""A witness answers as C2SP tlog-witness says, and never cosigns what takes something back."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.cosignature import (
    ML_DSA_44,
    Cosigner,
    cosigned_at,
    log_verifier,
    verifier_for,
)
from ledger.tlog.faults import Unverified
from ledger.tlog.merkle import EMPTY_ROOT
from ledger.tlog.note import Note, Signature, Signer, parse_signatures
from ledger.tlog.policy import Policy
from ledger.witness.directory import WitnessDirectory
from ledger.witness.witness import Answer, Witness
from tests.strategies import TORTURE
from tests.test_tlog_notes import mutated
from tests.tlog_logs import LOG, REWRITTEN, SIGNER, SmallLog, submission
from tests.tlog_witnesses import ED, ORIGIN, PQ, TIME, size_of

VERIFIERS = [verifier_for(ED.key), verifier_for(PQ.key)]


@pytest.fixture
def directory(tmp_path: Path) -> WitnessDirectory:
    made = WitnessDirectory(tmp_path / "witness")
    made.add_log(SIGNER.key)
    return made


@pytest.fixture
def witness(directory: WitnessDirectory) -> Witness:
    return Witness(directory, [ED, PQ], lambda: TIME)


def refused(answer: Answer, status: int, reason: str) -> None:
    assert (answer.status, answer.media_type) == (status, "text/plain; charset=utf-8")
    assert reason in answer.body


def test_a_first_checkpoint_is_cosigned_and_served(witness: Witness) -> None:
    answer = witness.add_checkpoint(LOG.submission(0, 7))

    assert answer.status == 200
    cosignatures = parse_signatures(answer.body)
    note = Note(LOG.note(7).text, cosignatures)
    assert note.verified_by(VERIFIERS) == (ED.key, PQ.key)
    assert [cosigned_at(one) for one in cosignatures] == [TIME, TIME]
    served = Note.parse(witness.checkpoint(ORIGIN) or b"")
    assert served.verified_by([*VERIFIERS, log_verifier(SIGNER.key)]) == (
        SIGNER.key, ED.key, PQ.key
    )  # fmt: skip
    assert set(cosignatures) < set(served.signatures)


def test_a_log_that_grows_is_cosigned_at_every_size(witness: Witness) -> None:
    old = 0
    for size in (0, 1, 2, 3, 7, 8, 33, 64):
        assert witness.add_checkpoint(LOG.submission(old, size)).status == 200
        assert size_of(witness) == size
        old = size


def test_the_same_size_is_cosigned_again_at_the_new_time(directory: WitnessDirectory) -> None:
    times = iter((TIME, TIME + 60, TIME + 120))
    witness = Witness(directory, [ED], lambda: next(times))
    witness.add_checkpoint(LOG.submission(0, 7))

    again = witness.add_checkpoint(LOG.submission(7, 7))

    assert again.status == 200
    assert cosigned_at(parse_signatures(again.body)[0]) == TIME + 60
    refused(witness.add_checkpoint(submission(7, [], REWRITTEN.note(7))), 422, "different roots")
    refused(witness.add_checkpoint(submission(7, LOG.proof(3, 7), LOG.note(7))), 422, "one size")


def test_another_old_size_is_answered_with_the_size(witness: Witness) -> None:
    witness.add_checkpoint(LOG.submission(0, 7))

    for old in (0, 6, 8):
        answer = witness.add_checkpoint(LOG.submission(old, 9))
        assert answer == (409, "7\n", "text/x.tlog.size")
    assert size_of(witness) == 7


def test_a_witness_that_never_cosigned_answers_zero(witness: Witness) -> None:
    assert witness.add_checkpoint(LOG.submission(3, 7)) == (409, "0\n", "text/x.tlog.size")
    assert witness.checkpoint(ORIGIN) is None


def test_the_size_is_told_before_a_proof_is_looked_at(witness: Witness) -> None:
    witness.add_checkpoint(LOG.submission(0, 7))

    assert witness.add_checkpoint(submission(0, [bytes(32)], LOG.note(9))).status == 409
    impossible = note("town.example/log\n0\n" + "A" * 43 + "=\n")
    assert witness.add_checkpoint(submission(0, [], impossible)).status == 409


def test_a_log_that_is_not_witnessed_is_not_found(witness: Witness) -> None:
    other = SmallLog(Signer("town.example/log2", bytes(32)))

    refused(witness.add_checkpoint(other.submission(0, 7)), 404, "knows no log")
    text = LOG.note(7).text.replace("town.example/log", "town.example/lo")
    refused(
        witness.add_checkpoint(submission(0, [], Note(text, (SIGNER.sign(text),)))),
        404, "knows no log",
    )  # fmt: skip


def test_a_checkpoint_that_the_log_did_not_sign_is_forbidden(witness: Witness) -> None:
    stranger = SmallLog(Signer("town.example/log", bytes(32)))
    good, wrong = LOG.note(7), SIGNER.sign(LOG.note(8).text)
    unknown = Signature("someone.example", b"\0\0\0\0", bytes(64))

    refused(witness.add_checkpoint(stranger.submission(0, 7)), 403, "no key")
    refused(witness.add_checkpoint(submission(0, [], Note(good.text, (wrong,)))), 403, "wrong")
    refused(
        witness.add_checkpoint(submission(0, [], good.signed_with(wrong))), 403, "wrong"
    )  # fmt: skip
    assert witness.checkpoint(ORIGIN) is None
    assert witness.add_checkpoint(submission(0, [], good.signed_with(unknown))).status == 200


def test_a_signature_whose_last_letter_was_changed_is_wrong_too(witness: Witness) -> None:
    right = LOG.submission(0, 7)
    assert right.endswith(b"=\n")

    for letter in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/":
        changed = right[:-3] + bytes([letter]) + right[-2:]
        if changed != right:
            assert witness.add_checkpoint(changed).status == 403


def test_signatures_of_strangers_are_not_served(witness: Witness) -> None:
    unknown = Signature("someone.example", b"\0\0\0\0", bytes(64))
    witness.add_checkpoint(submission(0, [], LOG.note(7).signed_with(unknown)))

    assert b"someone" not in (witness.checkpoint(ORIGIN) or b"")


def test_signatures_are_checked_before_sizes(witness: Witness) -> None:
    stranger = SmallLog(Signer("town.example/log", bytes(32)))

    refused(witness.add_checkpoint(submission(9, [], stranger.note(7))), 403, "no key")
    refused(witness.add_checkpoint(submission(9, [], LOG.note(7))), 400, "larger")


def note(text: str) -> Note:
    return Note(text, (SIGNER.sign(text),))


def test_an_empty_tree_has_its_only_root(witness: Witness) -> None:
    impossible = note("town.example/log\n0\n" + "A" * 43 + "=\n")

    refused(witness.add_checkpoint(submission(0, [], impossible)), 422, "empty tree")
    empty = note(Checkpoint("town.example/log", 0, EMPTY_ROOT).to_text())
    assert witness.add_checkpoint(submission(0, [], empty)).status == 200
    assert witness.add_checkpoint(submission(0, [], empty)).status == 200
    assert witness.add_checkpoint(LOG.submission(0, 7)).status == 200
    assert witness.add_checkpoint(submission(0, [], empty)) == (409, "7\n", "text/x.tlog.size")


def test_from_size_zero_a_proof_is_refused(witness: Witness) -> None:
    refused(witness.add_checkpoint(submission(0, [bytes(32)], LOG.note(7))), 422, "size 0")


def test_a_proof_that_does_not_hold_is_refused(witness: Witness) -> None:
    witness.add_checkpoint(LOG.submission(0, 7))
    right = LOG.proof(7, 20)

    for proof in ([], right[:-1], [*right, right[0]], [right[1], right[0], *right[2:]]):
        refused(witness.add_checkpoint(submission(7, proof, LOG.note(20))), 422, "consistency")
    refused(
        witness.add_checkpoint(submission(7, REWRITTEN.proof(7, 20), REWRITTEN.note(20))),
        422, "another old root",
    )  # fmt: skip
    assert size_of(witness) == 7


HASH = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw="
NOTE = LOG.note(7).to_bytes()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 0\n\n",
        NOTE,
        b"old 0\n" + NOTE,
        b"\nold 0\n\n" + NOTE,
        b"old 00\n\n" + NOTE,
        b"old -1\n\n" + NOTE,
        b"old +1\n\n" + NOTE,
        b"old  0\n\n" + NOTE,
        b"old 0 \n\n" + NOTE,
        b"old\t0\n\n" + NOTE,
        b"Old 0\n\n" + NOTE,
        b"size 0\n\n" + NOTE,
        b"old \n\n" + NOTE,
        b"old 0x0\n\n" + NOTE,
        b"old 9223372036854775808\n\n" + NOTE,
        b"old " + b"9" * 5000 + b"\n\n" + NOTE,
        b"old 0\r\n\r\n" + NOTE,
        b"old \xc2\xb2\n\n" + NOTE,
        b"old 0\nAAAA\n\n" + NOTE,
        f"old 0\n{HASH[:-1]}\n\n".encode() + NOTE,
        f"old 0\n{HASH} \n\n".encode() + NOTE,
        f"old 0\n{HASH}\n{HASH[:43]}\n\n".encode() + NOTE,
        f"old 0\n{(HASH + chr(10)) * 64}\n".encode() + NOTE,
        b"old 0\n\n" + NOTE[:-1],
        b"old 0\n\n" + NOTE.split(b"\n\n")[0] + b"\n",
        b"old 0\n\nhello\n\n" + NOTE.split(b"\n\n")[1],
        b"old 0\n\n" + NOTE.replace(b"\n7\n", b"\n07\n"),
        b"old 0\n\n" + b"x" * 300_000,
        b"\xff" * 100,
        b"old 0\n\n" + NOTE + b"\0",
    ],
)
def test_what_is_no_submission_is_a_bad_request(witness: Witness, body: bytes) -> None:
    answer = witness.add_checkpoint(body)

    assert (answer.status, answer.media_type) == (400, "text/plain; charset=utf-8")
    assert len(answer.body) > 10
    assert witness.checkpoint(ORIGIN) is None


def test_sixty_three_hashes_are_read(witness: Witness) -> None:
    body = f"old 0\n{(HASH + chr(10)) * 63}\n".encode() + NOTE

    assert witness.add_checkpoint(body).status == 422


def test_the_example_of_the_specification_is_read_and_its_origin_unknown(witness: Witness) -> None:
    signature = (
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhc"
        "yv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    )
    body = (
        "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
        "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
        "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
        "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n"
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    )

    refused(witness.add_checkpoint((body + signature).encode()), 404, "knows no log")


def test_a_log_may_change_its_key(directory: WitnessDirectory, witness: Witness) -> None:
    fresh = SmallLog(Signer("town.example/log", b"\2" * 32))
    witness.add_checkpoint(LOG.submission(0, 7))
    refused(witness.add_checkpoint(fresh.submission(7, 9)), 403, "no key")

    assert directory.add_log(fresh.signer.key)
    assert not directory.add_log(fresh.signer.key)

    assert witness.add_checkpoint(fresh.submission(7, 9)).status == 200
    both = LOG.note(12).signed_with(*fresh.note(12).signatures)
    assert witness.add_checkpoint(submission(9, LOG.proof(9, 12), both)).status == 200
    served = Note.parse(witness.checkpoint(ORIGIN) or b"")
    keys = [log_verifier(SIGNER.key), log_verifier(fresh.signer.key)]
    assert len(served.verified_by(keys)) == 2


def test_a_log_that_signs_with_ml_dsa_is_witnessed(
    directory: WitnessDirectory, witness: Witness
) -> None:
    log = Cosigner("pq.example/log", ML_DSA_44, bytes(32))
    directory.add_log(log.key)
    text = LOG.note(7).text.replace("town.example", "pq.example")

    answer = witness.add_checkpoint(submission(0, [], Note(text, (log.cosign(text, TIME),))))

    assert answer.status == 200


def test_a_signature_that_stands_there_often_is_kept_once(witness: Witness) -> None:
    signed = LOG.note(7)
    often = Note(signed.text, signed.signatures * 64)

    assert witness.add_checkpoint(submission(0, [], often)).status == 200
    assert len(Note.parse(witness.checkpoint(ORIGIN) or b"").signatures) == 3
    assert witness.add_checkpoint(LOG.submission(7, 9)).status == 200


def test_a_checkpoint_too_long_to_be_kept_is_refused(witness: Witness) -> None:
    text = LOG.note(7).text + "x" * (256 * 1024 - 400) + "\n"

    refused(witness.add_checkpoint(submission(0, [], note(text))), 400, "too long")
    assert witness.add_checkpoint(LOG.submission(0, 7)).status == 200


def test_two_logs_are_witnessed_apart(directory: WitnessDirectory, witness: Witness) -> None:
    other = SmallLog(Signer("city.example/log", bytes(32)))
    directory.add_log(other.signer.key)

    assert witness.add_checkpoint(LOG.submission(0, 7)).status == 200
    assert witness.add_checkpoint(other.submission(0, 3)).status == 200
    assert witness.add_checkpoint(LOG.submission(7, 9)).status == 200
    assert witness.add_checkpoint(other.submission(3, 5)).status == 200


@pytest.mark.parametrize("name", ["", "x", ORIGIN.upper(), f"{ORIGIN}.lock", "..", ORIGIN[:-1]])
def test_only_an_origins_hash_names_a_checkpoint(witness: Witness, name: str) -> None:
    witness.add_checkpoint(LOG.submission(0, 7))

    assert witness.checkpoint(name) is None


@pytest.mark.torture
def test_no_changed_submission_is_cosigned(directory: WitnessDirectory) -> None:
    random = Random(20260301)
    witness = Witness(directory, [ED], lambda: TIME)
    witness.add_checkpoint(LOG.submission(0, 7))
    right = LOG.submission(7, 20)
    for _ in range(10_000 if TORTURE else 500):
        changed = mutated(random, right)
        answer = witness.add_checkpoint(changed)
        if answer.status == 200:  # what a stranger signed, or a signature twice, changes nothing
            assert changed.decode().split("\n\n")[1] == right.decode().split("\n\n")[1]
            (directory.path / "checkpoints" / ORIGIN).unlink()
            witness.add_checkpoint(LOG.submission(0, 7))
        else:
            assert answer.status in (400, 403, 404, 409, 422)
    assert size_of(witness) == 7


def test_two_of_three_witnesses_refuse_a_history_that_was_rewritten_and_signed_anew(
    tmp_path: Path,
) -> None:
    names = ("a", "b", "c")
    cosigners = [
        Cosigner(f"{name}.example", algorithm, name.encode() * 32)
        for name, algorithm in zip(names, (0x04, 0x06, 0x04), strict=True)
    ]
    witnesses = [
        Witness(WitnessDirectory(tmp_path / name), [cosigner])
        for name, cosigner in zip(names, cosigners, strict=True)
    ]
    for name in names:
        WitnessDirectory(tmp_path / name).add_log(SIGNER.key)
    lines = [f"witness {one.key.name} {one.key}\n" for one in cosigners]
    policy = Policy.parse(
        f"log {SIGNER.key}\n{''.join(lines)}group all-three 2 "
        f"{' '.join(one.key.name for one in cosigners)}\nquorum all-three\n".encode()
    )

    def asked(log: SmallLog, old: int, size: int) -> Note:
        signed = log.note(size)
        for witness in witnesses:
            answer = witness.add_checkpoint(submission(old, log.proof(old, size), signed))
            if answer.status == 200:
                signed = signed.signed_with(*parse_signatures(answer.body))
        return signed

    assert policy.verify(asked(LOG, 0, 20)).checkpoint.size == 20

    forged = REWRITTEN.note(30)
    assert forged.verified_by([log_verifier(SIGNER.key)])
    for old in (0, 3, 20, 30):
        with pytest.raises(Unverified, match="quorum"):
            policy.verify(asked(REWRITTEN, old, 30))
    (tmp_path / "c" / "checkpoints" / ORIGIN).unlink()  # even where one of them forgets
    with pytest.raises(Unverified, match="1 of 3"):
        policy.verify(asked(REWRITTEN, 0, 30))
    assert policy.verify(asked(LOG, 20, 30)).checkpoint.size == 30
