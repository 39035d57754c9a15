"""Policies are those of C2SP tlog-policy, to the octet."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, combinations
from random import Random

import pytest

from ledger.tlog.cosignature import ED25519_COSIGNATURE, ML_DSA_44, Cosigner
from ledger.tlog.faults import Malformed, Unverified
from ledger.tlog.note import Note, Signer, VerifierKey
from ledger.tlog.policy import Policy
from tests.strategies import TORTURE
from tests.test_tlog_notes import mutated
from tests.tlog_logs import LOG, SIGNER

NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
COSIGNERS = {
    name: Cosigner(f"witness.example/{name}", algorithm, bytes([number]) * 32)
    for number, (name, algorithm) in enumerate(
        zip(NAMES, [ED25519_COSIGNATURE, ML_DSA_44] * 3, strict=True)
    )
}
# The example of the specification, with keys.
EXAMPLE = f"""\
log {SIGNER.key}

witness X1 {COSIGNERS["X1"].key}
witness X2 {COSIGNERS["X2"].key}
witness X3 {COSIGNERS["X3"].key}
group X-witnesses 2 X1 X2 X3

witness Y1 {COSIGNERS["Y1"].key}
witness Y2 {COSIGNERS["Y2"].key}
witness Y3 {COSIGNERS["Y3"].key}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
""".encode()
TIME = 1_679_315_147
KEY = Cosigner("w", ED25519_COSIGNATURE, bytes(32)).key
OTHER = Cosigner("w", ED25519_COSIGNATURE, b"\1" * 32).key


def keys(names: Iterable[str]) -> list[VerifierKey]:
    return [COSIGNERS[name].key for name in names]


def cosigned(*names: str) -> Note:
    note = LOG.note(7)
    return note.signed_with(*(COSIGNERS[name].cosign(note.text, TIME) for name in names))


def policy(*lines: str) -> Policy:
    return Policy.parse("".join(f"{line}\n" for line in lines).encode())


def test_the_example_of_the_specification_asks_for_two_of_x_and_one_of_y() -> None:
    example = Policy.parse(EXAMPLE)

    assert [one.label for one in example.witnesses] == list(NAMES)
    assert [one.key for one in example.logs] == [SIGNER.key]
    for names in chain.from_iterable(combinations(NAMES, count) for count in range(7)):
        enough = sum(name[0] == "X" for name in names) >= 2 and any(n[0] == "Y" for n in names)
        assert example.satisfied_by(keys(names)) is enough


def test_keys_that_the_policy_does_not_name_count_for_nothing() -> None:
    example = Policy.parse(EXAMPLE)

    assert not example.satisfied_by([SIGNER.key, KEY, OTHER, *keys(["X1", "Y1"])])


def test_a_checkpoint_with_a_quorum_is_good() -> None:
    found = Policy.parse(EXAMPLE).verify(Note.parse(cosigned("X1", "X3", "Y2").to_bytes()))

    assert found.checkpoint.size == 7
    assert found.logs == (SIGNER.key,)
    assert [one.label for one in found.witnesses] == ["X1", "X3", "Y2"]


def test_a_checkpoint_without_a_quorum_is_refused() -> None:
    for names in ((), ("X1", "Y1"), ("X1", "X2", "X3"), ("Y1", "Y2", "Y3")):
        with pytest.raises(Unverified, match=f"{len(names)} of 6"):
            Policy.parse(EXAMPLE).verify(cosigned(*names))


def test_one_wrong_cosignature_spoils_a_quorum() -> None:
    wrong = COSIGNERS["X2"].cosign(LOG.note(8).text, TIME)

    with pytest.raises(Unverified, match=r"witness\.example/X2 is wrong"):
        Policy.parse(EXAMPLE).verify(cosigned("X1", "X3", "Y2").signed_with(wrong))


def test_a_quorum_does_without_no_signature_of_the_log() -> None:
    signed = cosigned("X1", "X2", "Y1")
    unsigned = Note(signed.text, signed.signatures[1:])

    with pytest.raises(Unverified, match="no key"):
        Policy.parse(EXAMPLE).verify(unsigned)


def test_a_log_signs_for_its_own_origin_alone() -> None:
    other = Signer("town.example/other", bytes(32))
    both = policy(f"log {SIGNER.key}", f"log {other.key}", "quorum none")
    text = LOG.note(7).text

    with pytest.raises(Unverified, match="no key"):
        both.verify(Note(text, (other.sign(text),)))
    with pytest.raises(Unverified, match="no log of the name"):
        policy(f"log {other.key}", "quorum none").verify(LOG.note(7))


def test_a_policy_without_logs_is_told_of_them() -> None:
    none = policy("quorum none")

    assert none.verify(LOG.note(7), [SIGNER.key]).logs == (SIGNER.key,)
    with pytest.raises(Unverified, match="no log"):
        none.verify(LOG.note(7))


def test_a_log_may_sign_with_ml_dsa() -> None:
    log = Cosigner("town.example/log", ML_DSA_44, bytes(32))
    text = LOG.note(7).text

    found = policy(f"log {log.key}", "quorum none").verify(Note(text, (log.cosign(text, TIME),)))

    assert found.logs == (log.key,)


def test_a_text_that_is_no_checkpoint_is_malformed() -> None:
    with pytest.raises(Malformed):
        policy(f"log {SIGNER.key}", "quorum none").verify(
            Note("hello\n", (SIGNER.sign("hello\n"),))
        )


def test_spaces_tabs_comments_and_empty_lines_are_free() -> None:
    found = Policy.parse(
        f" \t# comment, in any octets: \xff\n\n \t \n\tlog \t{SIGNER.key}  https://log.example\t\n"
        f"  witness\tW {KEY} https://w.example/ä  \nquorum  W".encode()
    )

    assert found.logs[0].url == "https://log.example"
    assert found.witnesses[0].url == "https://w.example/ä"
    assert found.quorum == b"W"


def test_a_number_sign_within_a_line_is_no_comment() -> None:
    found = policy(f"witness W#1 {KEY} https://w.example/#x", "quorum W#1")

    assert found.witnesses[0].url == "https://w.example/#x"
    with pytest.raises(Malformed):
        policy("quorum none # no witness yet")


def test_names_are_octets_and_no_characters() -> None:
    kelvin = b"\xe2\x84\xaa"
    found = Policy.parse(b"witness K %s\nwitness %s %s\nquorum %s" % (
        str(KEY).encode(), kelvin, str(OTHER).encode(), kelvin
    ))  # fmt: skip

    assert found.quorum == kelvin
    assert found.satisfied_by([OTHER])
    assert not found.satisfied_by([KEY])
    raw = Policy.parse(b"witness \xff\xfe %s\nquorum \xff\xfe" % str(KEY).encode())
    assert raw.satisfied_by([KEY])
    assert raw.witnesses[0].label == r"\xff\xfe"
    with pytest.raises(Malformed, match="before it"):
        Policy.parse(b"witness \xff %s\nquorum \xfe" % str(KEY).encode())


def test_a_no_break_space_separates_nothing() -> None:
    found = Policy.parse(f"witness a\u00a0b {KEY}\nquorum a\u00a0b".encode())

    assert found.witnesses[0].label == "a\u00a0b"


def test_forty_logs_witnesses_and_groups_are_read() -> None:
    signers = [Signer(f"log{number}", bytes([number]) * 32).key for number in range(40)]
    witnesses = [Cosigner(f"w{n}", ED25519_COSIGNATURE, bytes([n]) * 32).key for n in range(40)]
    found = policy(
        *(f"log {key}" for key in signers),
        *(f"witness {number} {key}" for number, key in enumerate(witnesses)),
        "group g0 all 0",
        *(f"group g{number} all g{number - 1} {number}" for number in range(1, 40)),
        "quorum g39",
    )

    assert found.satisfied_by(witnesses)
    assert not found.satisfied_by(witnesses[1:])


@pytest.mark.parametrize(
    ("threshold", "enough"), [("any", 1), ("all", 3), ("1", 1), ("2", 2), ("3", 3), ("002", 2)]
)
def test_a_group_asks_for_any_all_or_so_many(threshold: str, enough: int) -> None:
    lines = (f"witness {name} {COSIGNERS[name].key}" for name in NAMES[:3])
    found = policy(*lines, f"group G {threshold} X1 X2 X3", "quorum G")

    for count in range(4):
        assert found.satisfied_by(keys(NAMES[:count])) is (count >= enough)


W = f"witness W {KEY}"
V = f"witness V {OTHER}"
RENAMED = VerifierKey.of("another-name", ED25519_COSIGNATURE, KEY.public)
PLAIN = VerifierKey.of("another-name", 0x01, SIGNER.key.public)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), "names the quorum"),
        ((W,), "names the quorum"),
        ((W, "quorum W", "quorum W"), "once"),
        ((W, "quorum none", "quorum W"), "once"),
        (("quorum W", W), "line 1 .*before it"),
        ((W, "quorum w"), "before it"),
        ((W, "quorum"), "a line is"),
        ((W, "quorum W W"), "a line is"),
        ((W, "Quorum W"), "a line is"),
        ((W, V.replace("V", "W", 1), "quorum W"), "names of their own"),
        ((f"witness none {KEY}", "quorum none"), "names of their own"),
        ((W, "group none any W", "quorum none"), "names of their own"),
        ((W, "group W any W", "quorum W"), "names of their own"),
        ((W, f"witness V {KEY}", "quorum W"), "line 2 .*already"),
        ((W, f"witness V {RENAMED}", "quorum W"), "already"),
        ((f"log {SIGNER.key}", f"log {SIGNER.key}", "quorum none"), "already"),
        ((f"log {SIGNER.key}", f"log {PLAIN}", "quorum none"), "already"),
        ((W, "group G any", "quorum G"), "a line is"),
        ((W, "group G W", "quorum G"), "a line is"),
        ((W, "group G 0 W", "quorum G"), "1 to 1"),
        ((W, "group G 2 W", "quorum G"), "1 to 1"),
        ((W, "group G -1 W", "quorum G"), "1 to 1"),
        ((W, "group G +1 W", "quorum G"), "1 to 1"),
        ((W, "group G 0x1 W", "quorum G"), "1 to 1"),
        ((W, "group G 1000000000000 W", "quorum G"), "1 to 1"),
        ((W, "group G ALL W", "quorum G"), "1 to 1"),
        ((W, V, "group G any W W", "quorum G"), "once at most"),
        ((W, V, "group G any W", "group H any W V", "quorum H"), "once at most"),
        ((W, "group G any V", V, "quorum G"), "lines before"),
        ((W, "group G any G", "quorum G"), "lines before"),
        ((W, "group G any none", "quorum G"), "lines before"),
        ((W, "group G any W", "group H any G", "group I any G", "quorum I"), "once at most"),
        ((f"log {KEY}", "quorum none"), "log's key"),
        ((f"witness W {SIGNER.key}", "quorum W"), "witness's key"),
        ((f"log {VerifierKey.of('a', 2, bytes(32))}", "quorum none"), "log's key"),
        ((f"witness W {VerifierKey.of('a', 4, bytes(31))}", "quorum W"), "not one for"),
        (("log a+b+c", "quorum none"), "base64"),
        (("log", "quorum none"), "a line is"),
        ((f"log {SIGNER.key} u v", "quorum none"), "a line is"),
        ((f"witness W {KEY} u v", "quorum W"), "a line is"),
        (("witness W", "quorum none"), "a line is"),
        (("nonsense", "quorum none"), "line 1 .*a line is"),
        ((f"log {SIGNER.key}\r", "quorum none"), "control"),
        (("# \x00", "quorum none"), "control"),
        (("# \x7f", "quorum none"), "control"),
        (("quorum\x0bnone",), "control"),
        (("# " + "x" * 1024 * 1024, "quorum none"), "bytes"),
        ((*(f"log {Signer('a', bytes([n]) * 32).key}" for n in range(65)), "quorum none"), "64"),
    ],
)
def test_what_is_no_policy_is_malformed(lines: tuple[str, ...], reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        policy(*lines)


def test_a_key_whose_name_is_no_text_is_malformed() -> None:
    with pytest.raises(Malformed, match="UTF-8"):
        Policy.parse(b"log \xff%s\nquorum none\n" % str(SIGNER.key).encode())
    with pytest.raises(Malformed, match="spaces"):
        Policy.parse(f"log \u3000{SIGNER.key}\nquorum none\n".encode())


@pytest.mark.torture
def test_a_changed_policy_is_read_or_refused_and_never_asks_for_nothing() -> None:
    random = Random(20260301)
    for _ in range(10_000 if TORTURE else 500):
        changed = mutated(random, EXAMPLE)
        try:
            found = Policy.parse(changed)
        except Malformed:
            continue

        assert found.quorum is not None
        assert not found.satisfied_by([])
