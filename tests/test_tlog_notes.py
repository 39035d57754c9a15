"""Notes, checkpoints and proof files are those of C2SP, and nothing else passes for one."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Malformed, Unverified
from ledger.tlog.merkle import EMPTY_ROOT
from ledger.tlog.note import Note, NoteVerifier, Signer, VerifierKey
from ledger.tlog.proof_file import ProofFile
from tests.strategies import TORTURE
from tests.tlog_trees import inclusion_path, leaves, tree_hash

# The example of C2SP signed-note.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONn"
    "cAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
# The checkpoint that C2SP tlog-checkpoint and tlog-cosignature show.
EXAMPLE_CHECKPOINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
)
EXAMPLE_SIGNATURES = (
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q"
    "1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2o"
    "yin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
SIGNER = Signer("town.example/log", bytes(range(32)))
OTHER = Signer("town.example/log", bytes(32))
KEYS = [NoteVerifier(SIGNER.key)]


def test_the_example_of_the_specification_verifies() -> None:
    key = VerifierKey.parse(EXAMPLE_KEY)
    note = Note.parse(EXAMPLE_NOTE)

    assert note.text == "This is an example message.\n"
    assert note.verified_by([NoteVerifier(key)]) == (key,)
    assert note.to_bytes() == EXAMPLE_NOTE
    assert str(key) == EXAMPLE_KEY


def test_the_example_with_one_letter_changed_does_not() -> None:
    note = Note.parse(EXAMPLE_NOTE.replace(b"an example", b"no example"))

    with pytest.raises(Unverified, match="wrong"):
        note.verified_by([NoteVerifier(VerifierKey.parse(EXAMPLE_KEY))])


def test_the_checkpoint_of_the_specification_is_read() -> None:
    note = Note.parse((EXAMPLE_CHECKPOINT + "\n" + EXAMPLE_SIGNATURES).encode())
    checkpoint = Checkpoint.parse(note.text)

    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert checkpoint.root.hex()[:8] == "0ac5186a"
    assert [one.name for one in note.signatures] == [
        "example.com/behind-the-sofa",
        "witness.example.com/w1",
    ]
    assert note.signatures[1].signature[:8] == (1_679_315_147).to_bytes(8)
    assert checkpoint.to_text() == EXAMPLE_CHECKPOINT


def test_a_signed_note_is_read_and_verified() -> None:
    signed = Note("hello\n\nworld\n", ()).signed_with(SIGNER.sign("hello\n\nworld\n"))

    note = Note.parse(signed.to_bytes())

    assert note == signed
    assert note.verified_by(KEYS) == (SIGNER.key,)


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    text = "hello\n"
    note = Note(text, (OTHER.sign(text), SIGNER.sign(text)))

    assert note.verified_by(KEYS) == (SIGNER.key,)
    with pytest.raises(Unverified, match="no key"):
        Note(text, (OTHER.sign(text),)).verified_by(KEYS)


def test_one_wrong_signature_of_a_trusted_key_spoils_the_note() -> None:
    right, wrong = SIGNER.sign("hello\n"), SIGNER.sign("bye\n")

    for signatures in ((right, wrong), (wrong, right)):
        with pytest.raises(Unverified, match="wrong"):
            Note("hello\n", signatures).verified_by(KEYS)


def test_a_key_of_another_name_or_id_signs_nothing() -> None:
    signature = SIGNER.sign("hello\n")

    for forged in (signature._replace(name="else"), signature._replace(key_id=b"\0\0\0\0")):
        with pytest.raises(Unverified, match="no key"):
            Note("hello\n", (forged,)).verified_by(KEYS)


def test_sixteen_signatures_are_read() -> None:
    names = [Signer(f"w{number}", bytes([number]) * 32) for number in range(16)]
    note = Note("hello\n", tuple(one.sign("hello\n") for one in names))

    assert len(Note.parse(note.to_bytes()).verified_by([NoteVerifier(s.key) for s in names])) == 16


SIGNED = Note("hello\n", (SIGNER.sign("hello\n"),)).to_bytes()


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"hello\n",
        b"hello\n\n",
        SIGNED[:-1],
        SIGNED + b"\n",
        SIGNED + b"x\n",
        SIGNED.replace(b"hello", b"hel\x00lo"),
        SIGNED.replace(b"hello", b"hel\rlo"),
        SIGNED.replace(b"hello", b"hel\xfflo"),
        SIGNED.replace("—".encode(), b"-"),
        SIGNED.replace("— ".encode(), "—".encode()),
        SIGNED.replace(b"town.example/log", b"town example"),
        SIGNED.replace(b"town.example/log", b"town+example"),
        SIGNED.replace(b"town.example/log", b""),
        SIGNED.replace(b"=\n", b"\n"),
        SIGNED.replace(b"=\n", b"==\n"),
        SIGNED + "— town.example/log AAAA\n".encode(),
        b"\n\n" + b"x" * 300_000,
        b"hello\n\n" + SIGNED.split(b"\n\n")[1] * 65,
    ],
)
def test_what_is_no_note_is_malformed(note: bytes) -> None:
    with pytest.raises(Malformed):
        Note.parse(note)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        "a+00000000+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        EXAMPLE_KEY.replace("foo", "bar"),
        EXAMPLE_KEY.replace("530d903a", "530D903A"),
        EXAMPLE_KEY[:-1],
        EXAMPLE_KEY + "=",
        "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "a+b+AQ==",
    ],
)
def test_what_is_no_verifier_key_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        VerifierKey.parse(text)


def test_a_key_for_cosignatures_verifies_no_plain_note() -> None:
    with pytest.raises(Malformed, match="not one for"):
        NoteVerifier(VerifierKey.of("w", 0x04, bytes(32)))


def test_a_signing_key_is_read_as_it_was_written() -> None:
    text = SIGNER.to_secret_text()

    assert Signer.parse(text).key == SIGNER.key
    for broken in ("", text[:-2], text.replace("PRIVATE", "PUBLIC"), text.replace("town", "city")):
        with pytest.raises(Malformed) as refused:
            Signer.parse(broken)
        assert text[-20:] not in str(refused.value)


def test_new_keys_differ() -> None:
    assert Signer.generate("a").key != Signer.generate("a").key


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_every_checkpoint_is_read_as_it_was_written(size: int, root: bytes) -> None:
    checkpoint = Checkpoint("town.example/log", size, root)

    assert Checkpoint.parse(checkpoint.to_text()) == checkpoint
    extended = checkpoint._replace(extensions=("more", "lines"))
    assert Checkpoint.parse(extended.to_text()) == extended


ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        f"a\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"a\n\n{ROOT}\n",
        f"a\n01\n{ROOT}\n",
        f"a\n-1\n{ROOT}\n",
        f"a\n+1\n{ROOT}\n",
        f"a\n1 \n{ROOT}\n",
        f"a\n1e3\n{ROOT}\n",
        f"a\n٣\n{ROOT}\n",
        f"a\n9223372036854775808\n{ROOT}\n",
        f"a\n{'9' * 5000}\n{ROOT}\n",
        f"a\n1\n{ROOT[:-1]}\n",
        f"a\n1\n{ROOT.replace('2I=', '2J=')}\n",
        "a\n1\nAAAA\n",
        f"a\n1\n{ROOT}\n\n",
        f"a\n1\n{ROOT}\nx\n\n",
    ],
)
def test_what_is_no_checkpoint_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        Checkpoint.parse(text)


def test_an_empty_log_has_one_root_alone() -> None:
    assert Checkpoint("a", 0, EMPTY_ROOT).is_possible()
    assert not Checkpoint("a", 0, bytes(32)).is_possible()


TREE = leaves(11)


def proof(index: int, extra: bytes | None = None) -> ProofFile:
    text = Checkpoint("town.example/log", len(TREE), tree_hash(TREE)).to_text()
    note = Note(text, (SIGNER.sign(text),))
    return ProofFile(index, tuple(inclusion_path(index, TREE)), note, extra)


@pytest.mark.parametrize("index", range(len(TREE)))
@pytest.mark.parametrize("extra", [None, b"", b"a record"])
def test_a_proof_file_is_read_and_verified(index: int, extra: bytes | None) -> None:
    data = proof(index, extra).to_bytes()

    found = ProofFile.parse(data)

    assert found == proof(index, extra)
    checkpoint, keys = found.verify(TREE[index], "town.example/log", KEYS)
    assert (checkpoint.size, keys) == (len(TREE), (SIGNER.key,))


def test_a_proof_file_begins_as_the_specification_shows() -> None:
    lines = proof(4, b"extra").to_bytes().decode().split("\n")

    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra ZXh0cmE=", "index 4"]
    assert lines[7:9] == ["", "town.example/log"]


def test_a_proof_for_another_log_leaf_or_key_is_refused() -> None:
    file = proof(4)

    with pytest.raises(Unverified, match="not of"):
        file.verify(TREE[4], "town.example/other", KEYS)
    with pytest.raises(Unverified, match="another root"):
        file.verify(TREE[5], "town.example/log", KEYS)
    with pytest.raises(Unverified, match="no key"):
        file.verify(TREE[4], "town.example/log", [NoteVerifier(OTHER.key)])


@pytest.mark.torture
def test_no_changed_proof_file_is_accepted() -> None:
    random = Random(20260301)
    for _ in range(10_000 if TORTURE else 500):
        index = random.randrange(len(TREE))
        data = proof(index).to_bytes()
        changed = mutated(random, data)
        if says_the_same(changed, data):
            continue

        with pytest.raises((Malformed, Unverified)):
            ProofFile.parse(changed).verify(TREE[index], "town.example/log", KEYS)


def says_the_same(changed: bytes, data: bytes) -> bool:
    """A signature line that stands there twice takes nothing from what is claimed."""
    lines = data.decode().splitlines()
    return changed in (data, "\n".join([*lines, lines[-1], ""]).encode())


def mutated(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data))
    match random.randrange(4):
        case 0:
            return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]
        case 1:
            return data[:at] + random.choice([b"\n", b"A", b" ", b"0"]) + data[at:]
        case 2:
            return data[:at] + data[at + random.randint(1, 3) :]
    lines = data.split(b"\n")
    lines.insert(random.randrange(len(lines)), lines[random.randrange(len(lines))])
    return b"\n".join(lines)
