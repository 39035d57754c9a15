"""Cosignatures are those of C2SP tlog-cosignature, and nothing else passes for one."""

from __future__ import annotations

from hashlib import sha256
from random import Random

import pytest

from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.cosignature import (
    ED25519_COSIGNATURE,
    ML_DSA_44,
    CosignatureVerifier,
    Cosigner,
    cosigned_at,
    cosigned_message,
    log_verifier,
    verifier_for,
)
from ledger.tlog.faults import Malformed, Unverified
from ledger.tlog.note import Note, NoteVerifier, Signature, VerifierKey
from tests.strategies import TORTURE
from tests.test_tlog_notes import EXAMPLE_CHECKPOINT, EXAMPLE_SIGNATURES
from tests.tlog_logs import SIGNER

TEXT = EXAMPLE_CHECKPOINT
TIME = 1_679_315_147
NAME = "witness.example/w1"
ED = Cosigner(NAME, ED25519_COSIGNATURE, bytes(range(32)))
PQ = Cosigner(NAME, ML_DSA_44, bytes(range(32)))
BOTH = pytest.mark.parametrize("cosigner", [ED, PQ], ids=["ed25519", "ml-dsa-44"])


def accepts(cosigner: Cosigner, text: str, signature: bytes) -> bool:
    return CosignatureVerifier(cosigner.key).verifies(text.encode(), signature)


def signed_anew(cosigner: Cosigner, time: int, text: str = TEXT) -> bytes:
    """What `cosign` would not sign."""
    message = cosigned_message(cosigner.key, text.encode(), time)
    return time.to_bytes(8) + cosigner._secret.sign(message)


def test_the_cosignature_of_the_specification_is_read() -> None:
    note = Note.parse((EXAMPLE_CHECKPOINT + "\n" + EXAMPLE_SIGNATURES).encode())

    assert cosigned_at(note.signatures[1]) == 1_679_315_147
    assert len(note.signatures[1].signature) == 8 + 64


def test_the_message_of_the_specification_is_what_ed25519_signs() -> None:
    assert cosigned_message(ED.key, TEXT.encode(), 1_679_315_147).decode() == (
        "cosignature/v1\n"
        "time 1679315147\n"
        "example.com/behind-the-sofa\n"
        "20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


def test_the_structure_of_the_specification_is_what_ml_dsa_signs() -> None:
    origin = b"example.com/behind-the-sofa"

    assert cosigned_message(PQ.key, TEXT.encode(), 1_679_315_147) == (
        b"subtree/v1\n\0"
        + bytes([len(NAME)]) + NAME.encode()
        + bytes.fromhex("00000000641850cb")
        + bytes([len(origin)]) + origin
        + bytes(8)
        + bytes.fromhex("00000000013e2dc3")
        + Checkpoint.parse(TEXT).root
    )  # fmt: skip


@BOTH
def test_a_key_has_the_id_of_the_specification(cosigner: Cosigner) -> None:
    key = cosigner.key
    material = bytes([key.algorithm]) + key.public

    assert key.key_id == sha256(key.name.encode() + b"\n" + material).digest()[:4]
    assert len(key.public) == {0x04: 32, 0x06: 1312}[key.algorithm]
    assert VerifierKey.parse(str(key)) == key


@BOTH
def test_a_cosigned_checkpoint_is_verified_beside_the_logs_own_signature(
    cosigner: Cosigner,
) -> None:
    note = Note(TEXT, (SIGNER.sign(TEXT), cosigner.cosign(TEXT, TIME)))

    found = Note.parse(note.to_bytes())

    keys = [verifier_for(SIGNER.key), verifier_for(cosigner.key)]
    assert found.verified_by(keys) == (SIGNER.key, cosigner.key)
    assert cosigned_at(found.signatures[1]) == TIME


@BOTH
def test_one_note_may_bear_two_times_of_one_witness(cosigner: Cosigner) -> None:
    note = Note(TEXT, (cosigner.cosign(TEXT, TIME), cosigner.cosign(TEXT, TIME + 60)))

    assert note.verified_by([verifier_for(cosigner.key)]) == (cosigner.key,)


@BOTH
def test_another_text_time_key_or_length_is_refused(cosigner: Cosigner) -> None:
    signature = cosigner.cosign(TEXT, TIME).signature
    other = Cosigner(NAME, cosigner.key.algorithm, bytes(32))

    assert accepts(cosigner, TEXT, signature)
    assert not accepts(cosigner, TEXT.replace("20852163", "20852164"), signature)
    assert not accepts(cosigner, TEXT.replace("sofa", "sofb"), signature)
    assert not accepts(cosigner, TEXT, (TIME + 1).to_bytes(8) + signature[8:])
    assert not accepts(other, TEXT, signature)
    for broken in (b"", signature[:8], signature[:-1], signature + b"\0", signature[8:]):
        assert not accepts(cosigner, TEXT, broken)


@BOTH
def test_a_time_of_zero_or_beyond_the_limit_is_refused(cosigner: Cosigner) -> None:
    assert accepts(cosigner, TEXT, signed_anew(cosigner, 2**63 - 1))
    for time in (0, 2**63):
        assert not accepts(cosigner, TEXT, signed_anew(cosigner, time))
    for time in (-1, 0, 2**63):
        with pytest.raises(Malformed, match="time"):
            cosigner.cosign(TEXT, time)


def test_a_log_may_sign_its_own_checkpoint_without_time_in_ml_dsa_alone() -> None:
    for cosigner, expected in ((PQ, True), (ED, False)):
        signature = signed_anew(cosigner, 0)

        assert log_verifier(cosigner.key).verifies(TEXT.encode(), signature) is expected


def test_extension_lines_are_signed_by_ed25519_and_not_by_ml_dsa() -> None:
    extended = f"{TEXT}more\n"

    assert not accepts(ED, extended, ED.cosign(TEXT, TIME).signature)
    assert accepts(PQ, extended, PQ.cosign(TEXT, TIME).signature)


def test_the_name_is_signed_by_ml_dsa() -> None:
    renamed = Cosigner("witness.example/w2", ML_DSA_44, bytes(range(32)))

    assert renamed.key.public == PQ.key.public
    assert not accepts(renamed, TEXT, PQ.cosign(TEXT, TIME).signature)


@BOTH
def test_a_text_that_is_no_checkpoint_is_not_cosigned(cosigner: Cosigner) -> None:
    for text in ("", "hello\n", "a\n1\nAAAA\n", TEXT[:-1]):
        with pytest.raises(Malformed):
            cosigner.cosign(text, TIME)


def test_ml_dsa_has_no_room_for_an_origin_of_256_bytes() -> None:
    text = Checkpoint("a" * 256, 1, bytes(32)).to_text()

    with pytest.raises(Malformed, match="255"):
        PQ.cosign(text, TIME)
    assert not accepts(PQ, text, bytes(8 + 2420))
    assert not CosignatureVerifier(PQ.key).verifies(b"\xff\n", PQ.cosign(TEXT, TIME).signature)
    assert ED.cosign(text, TIME)
    assert PQ.cosign(text.replace("a" * 256, "a" * 255), TIME)


@BOTH
def test_a_cosigners_key_is_read_as_it_was_written(cosigner: Cosigner) -> None:
    text = cosigner.to_secret_text()

    assert Cosigner.parse(text + "\n").key == cosigner.key
    assert text.startswith(f"PRIVATE+KEY+{NAME}+{cosigner.key.key_id.hex()}+")
    for broken in (
        "", text[:-2], text[:-4], text.replace("w1", "w2"), text[12:], SIGNER.to_secret_text()
    ):  # fmt: skip
        with pytest.raises(Malformed) as refused:
            Cosigner.parse(broken)
        assert text[-20:] not in str(refused.value)


@pytest.mark.parametrize("algorithm", [ED25519_COSIGNATURE, ML_DSA_44])
def test_new_keys_differ(algorithm: int) -> None:
    first, second = (Cosigner.generate(NAME, algorithm) for _ in range(2))

    assert first.key != second.key
    assert Cosigner.parse(first.to_secret_text()).key == first.key


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "x" * 256])
def test_what_is_no_name_is_no_cosigners(name: str) -> None:
    with pytest.raises(Malformed):
        Cosigner.generate(name, ED25519_COSIGNATURE)


@pytest.mark.parametrize(
    ("algorithm", "length"), [(0x04, 31), (0x04, 33), (0x06, 1311), (0x06, 32), (0x02, 32)]
)
def test_a_key_of_another_kind_or_length_verifies_nothing(algorithm: int, length: int) -> None:
    key = VerifierKey.of(NAME, algorithm, bytes(length))

    for make in (CosignatureVerifier, verifier_for, log_verifier):
        with pytest.raises(Malformed, match="not one for"):
            make(key)


def test_each_kind_of_key_has_its_verifier() -> None:
    assert isinstance(verifier_for(SIGNER.key), NoteVerifier)
    assert isinstance(verifier_for(ED.key), CosignatureVerifier)
    assert isinstance(verifier_for(PQ.key), CosignatureVerifier)


@pytest.mark.torture
@BOTH
def test_no_changed_cosignature_is_accepted(cosigner: Cosigner) -> None:
    random = Random(20260301)
    right = cosigner.cosign(TEXT, TIME)
    verifier = verifier_for(cosigner.key)
    for _ in range(10_000 if TORTURE else 300):
        changed = bytearray(right.signature)
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
        note = Note(TEXT, (Signature(NAME, right.key_id, bytes(changed)),))

        with pytest.raises(Unverified, match="wrong"):
            note.verified_by([verifier])
