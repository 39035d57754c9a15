"""Policies of C2SP tlog-policy: which logs and witnesses are trusted, and which of them suffice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.cosignature import ML_DSA_44, PUBLIC_BYTES, log_verifier, verifier_for
from ledger.tlog.faults import Malformed, Unverified
from ledger.tlog.note import ED25519, Note, VerifierKey

MAX_BYTES = 1024 * 1024
MAX_EACH = 64
"""Logs, witnesses and groups: a note holds no more signatures."""
_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_COUNT = re.compile(rb"[0-9]{1,9}")
_NONE = b"none"


class TrustedLog(NamedTuple):
    """A log whose checkpoints are accepted; the key's name is its origin."""

    key: VerifierKey
    url: str | None = None


class TrustedWitness(NamedTuple):
    """A witness that counts towards the quorum."""

    name: bytes
    """In the policy alone, and opaque: the name that signs is the key's."""
    key: VerifierKey
    url: str | None = None
    """The submission prefix of C2SP tlog-witness."""

    @property
    def label(self) -> str:
        """The name for readers."""
        return self.name.decode(errors="backslashreplace")


class Group(NamedTuple):
    """Witnesses a checkpoint when so many of its members do: witnesses, or groups before it."""

    name: bytes
    threshold: int
    members: tuple[bytes, ...]


class Witnessed(NamedTuple):
    """What a note was found to be under a policy."""

    checkpoint: Checkpoint
    logs: tuple[VerifierKey, ...]
    """The log's keys that signed, at least one."""
    witnesses: tuple[TrustedWitness, ...]
    """Those that cosigned: a quorum or more."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A checkpoint is good that one of the logs signed and a quorum of the witnesses cosigned."""

    logs: tuple[TrustedLog, ...]
    witnesses: tuple[TrustedWitness, ...]
    groups: tuple[Group, ...]
    """Each after those that it names."""
    quorum: bytes | None
    """A witness or group; None asks for no cosignature."""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Reads a policy file; raises `Malformed`, which names the line.

        The last line may lack its newline, as other readers of the format have it.
        """
        if len(data) > MAX_BYTES:
            raise Malformed(f"a policy has at most {MAX_BYTES} bytes")
        draft = _Draft()
        for number, line in enumerate(data.split(b"\n"), 1):
            try:
                draft.read(line)
            except Malformed as fault:
                raise Malformed(f"line {number} of the policy: {fault}") from None
        if not draft.quorum:
            raise Malformed("a policy has a line that names the quorum, or `quorum none`")
        quorum = None if draft.quorum == [_NONE] else draft.quorum[0]
        return cls(tuple(draft.logs), tuple(draft.witnesses), tuple(draft.groups), quorum)

    def satisfied_by(self, keys: Iterable[VerifierKey]) -> bool:
        """Whether the witnesses with these keys are a quorum."""
        if self.quorum is None:
            return True
        present = set(keys)
        found = {one.name for one in self.witnesses if one.key in present}
        for group in self.groups:
            if sum(name in found for name in group.members) >= group.threshold:
                found.add(group.name)
        return self.quorum in found

    def verify(self, note: Note, logs: Sequence[VerifierKey] = ()) -> Witnessed:
        """What the note shows; `logs` are trusted beside those of the policy, which may name none.

        Raises `Malformed` for a text that is no checkpoint, `Unverified` where no log of that
        origin signed, a trusted key's signature is wrong, or the quorum is not reached.
        """
        checkpoint = Checkpoint.parse(note.text)
        trusted = [*(one.key for one in self.logs), *logs]
        keys = [key for key in trusted if key.name == checkpoint.origin]
        if not keys:
            raise Unverified(f"the policy trusts no log of the name {checkpoint.origin}")
        signed = note.verified_by(map(log_verifier, keys))
        cosigned = set(note.signed_by(verifier_for(one.key) for one in self.witnesses))
        if not self.satisfied_by(cosigned):
            count = f"{len(cosigned)} of {len(self.witnesses)} witnesses cosigned"
            raise Unverified(f"the quorum of the policy is not reached: {count}")
        witnesses = tuple(one for one in self.witnesses if one.key in cosigned)
        return Witnessed(checkpoint, signed, witnesses)


@dataclass(slots=True)
class _Draft:
    """What the lines of a policy said so far."""

    logs: list[TrustedLog] = field(default_factory=list)
    witnesses: list[TrustedWitness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: list[bytes] = field(default_factory=list)
    _names: set[bytes] = field(default_factory=set)
    _members: set[bytes] = field(default_factory=set)

    def read(self, line: bytes) -> None:
        if _FORBIDDEN.search(line):
            raise Malformed("the only control characters of a policy are tab and newline")
        words = [word for word in re.split(rb"[ \t]+", line) if word]
        if not words or words[0].startswith(b"#"):
            return
        match words:
            case [b"log", key, *url] if len(url) <= 1:
                self._log(_key(key), _text(url))
            case [b"witness", name, key, *url] if len(url) <= 1:
                self._witness(name, _key(key), _text(url))
            case [b"group", name, threshold, *members] if members:
                self._group(name, threshold, members)
            case [b"quorum", name]:
                self._quorum(name)
            case _:
                raise Malformed(
                    "a line is `log <vkey> [<url>]`, `witness <name> <vkey> [<url>]`, "
                    "`group <name> <k, any or all> <name>...` or `quorum <name>`"
                )

    def _log(self, key: VerifierKey, url: str | None) -> None:
        if key.algorithm not in (ED25519, ML_DSA_44):
            raise Malformed("a log's key is one for Ed25519 or ML-DSA-44 signatures")
        log_verifier(key)
        if any(one.key.public == key.public for one in self.logs):
            raise Malformed("a log with this public key stands there already")
        _check_count(self.logs)
        self.logs.append(TrustedLog(key, url))

    def _witness(self, name: bytes, key: VerifierKey, url: str | None) -> None:
        if key.algorithm not in PUBLIC_BYTES:
            raise Malformed("a witness's key is one for Ed25519 or ML-DSA-44 cosignatures")
        verifier_for(key)
        if any(one.key.public == key.public for one in self.witnesses):
            raise Malformed("a witness with this public key stands there already")
        _check_count(self.witnesses)
        self._define(name)
        self.witnesses.append(TrustedWitness(name, key, url))

    def _group(self, name: bytes, threshold: bytes, members: list[bytes]) -> None:
        for member in members:
            if member not in self._names:
                raise Malformed("a group's members are witnesses and groups of lines before it")
            if member in self._members:
                raise Malformed("a name is a group's member once at most, in the whole policy")
            self._members.add(member)
        _check_count(self.groups)
        self._define(name)
        self.groups.append(Group(name, _threshold(threshold, len(members)), tuple(members)))

    def _quorum(self, name: bytes) -> None:
        if self.quorum:
            raise Malformed("a policy names its quorum once")
        if name != _NONE and name not in self._names:
            raise Malformed("the quorum is a witness or a group of a line before it, or none")
        self.quorum.append(name)

    def _define(self, name: bytes) -> None:
        if name == _NONE or name in self._names:
            raise Malformed("witnesses and groups have names of their own, none of them `none`")
        self._names.add(name)


def _threshold(word: bytes, members: int) -> int:
    match word:
        case b"any":
            return 1
        case b"all":
            return members
    if _COUNT.fullmatch(word) is None or not 1 <= int(word) <= members:
        raise Malformed(f"a group's threshold is any, all, or a number 1 to {members}")
    return int(word)


def _key(word: bytes) -> VerifierKey:
    try:
        text = word.decode()
    except UnicodeDecodeError:
        raise Malformed("a verifier key's name is UTF-8") from None
    key = VerifierKey.parse(text)
    if str(key) != text:
        raise Malformed("a verifier key has no spaces around it")
    return key


def _text(url: list[bytes]) -> str | None:
    return url[0].decode(errors="backslashreplace") if url else None


def _check_count(found: Sequence[object]) -> None:
    if len(found) >= MAX_EACH:
        raise Malformed(f"a policy has at most {MAX_EACH} logs, witnesses and groups each")
