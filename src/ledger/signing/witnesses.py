"""The log's side of C2SP tlog-witness: asks the witnesses of a policy to cosign a checkpoint."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import httpx

from ledger.signing.witness_call import Call, NoCosignature, short
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.cosignature import cosigned_at, verifier_for
from ledger.tlog.note import Note, Signature
from ledger.tlog.policy import Policy, TrustedWitness

DEADLINE_SECONDS = 5.0
MAX_AHEAD_SECONDS = 24 * 3600
"""By how much a witness's clock may be fast: a cosignature of the far future says nothing."""
Proof = Callable[[int], Sequence[bytes]]
"""The consistency proof from a size, above 0 and below the checkpoint's, to the checkpoint."""
_Found = Signature | NoCosignature


class WitnessAhead(NamedTuple):
    """A witness cosigned what our log does not go on from: ours may have been rolled back."""

    witness: str
    """Its label in the policy."""
    size: int
    """What it cosigned; where ours is no smaller, it has other entries there."""
    ours: int
    """The size of the checkpoint that it was to cosign."""


class Cosigned(NamedTuple):
    """How the witnesses answered."""

    signatures: tuple[Signature, ...]
    """Verified cosignatures, at most one of each witness."""
    failures: Mapping[str, str]
    """Why a witness did not cosign, in a few words, by its label in the policy."""
    ahead: tuple[WitnessAhead, ...]
    """Those among the failures that are more than a nuisance."""
    is_rolled_back: bool = False
    """Whether the policy has no quorum left among the others: that so many lie is less likely than
    that this log has lost what they saw."""


class Witnessing:
    """Asks the witnesses that have a URL, and remembers what each of them saw last.

    One instance serves one thread at a time.
    """

    def __init__(self, policy: Policy, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._policy = policy
        self._deadline_seconds = deadline_seconds
        self._trust = httpx.create_ssl_context()
        self._sizes: dict[tuple[str, str], int] = {}
        self._witnesses: dict[str, list[TrustedWitness]] = {}
        for witness in policy.witnesses:
            # A witness with two keys has two lines in the policy, and is asked once.
            if witness.url is not None:
                self._witnesses.setdefault(witness.url.rstrip("/"), []).append(witness)

    def cosign(self, note: Note, proof: Proof) -> Cosigned:
        """The cosignatures of a checkpoint, which must be signed, and durable, by then.

        Takes as long as the slowest witness, at most the deadline; not for an event loop's thread.
        `proof` is called from another thread, once at a time; what it raises is raised here.
        Raises `Malformed` for a note that is no checkpoint.
        """
        checkpoint = Checkpoint.parse(note.text)
        if not self._witnesses:
            return Cosigned((), {}, ())
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(self._ask_all(note, checkpoint, proof))
        finally:
            # `asyncio.run` would wait for the threads too: for a look-up of a name that hangs.
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    async def _ask_all(self, note: Note, checkpoint: Checkpoint, proof: Proof) -> Cosigned:
        turn = asyncio.Lock()

        async def proved(known: int) -> Sequence[bytes]:
            async with turn:
                return await asyncio.to_thread(proof, known)

        limits = httpx.Limits(max_connections=len(self._witnesses))
        client = httpx.AsyncClient(verify=self._trust, limits=limits, timeout=None)  # noqa: S113 - `_ask` has the deadline
        async with client:
            calls = [
                Call(client, prefix, note, checkpoint.size, proved) for prefix in self._witnesses
            ]
            asked = (self._ask(call, checkpoint.origin) for call in calls)
            answers = await asyncio.gather(*asked, return_exceptions=True)
        found: dict[TrustedWitness, _Found] = {}
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            found |= answer
        told = _told(found, checkpoint.size)
        return told._replace(is_rolled_back=self._is_rolled_back(told.ahead))

    def _is_rolled_back(self, ahead: Sequence[WitnessAhead]) -> bool:
        labels = {one.witness for one in ahead}
        others = [one.key for one in self._policy.witnesses if one.label not in labels]
        return bool(labels) and not (others and self._policy.satisfied_by(others))

    async def _ask(self, call: Call, origin: str) -> dict[TrustedWitness, _Found]:
        """What each witness at one URL has to say; it has one deadline for everything, since those
        of a connection begin anew with every byte that drips in."""
        place, witnesses = (call.prefix, origin), self._witnesses[call.prefix]
        failure: NoCosignature
        try:
            async with asyncio.timeout(self._deadline_seconds):
                known = min(self._sizes.get(place, 0), call.size)
                signatures = await call.cosignatures(known)
        except TimeoutError:
            seconds = f"{self._deadline_seconds:g} s"
            failure = NoCosignature(f"it stalled: no whole answer within {seconds}")
        except NoCosignature as error:
            failure = error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure = NoCosignature(f"not reachable: {short(str(error)) or type(error).__name__}")
        else:
            self._sizes[place] = call.size
            return {one: _verified(one, call.note, signatures) for one in witnesses}
        if failure.ahead is not None:
            self._sizes[place] = failure.ahead
        return dict.fromkeys(witnesses, failure)


def _verified(witness: TrustedWitness, note: Note, signatures: Sequence[Signature]) -> _Found:
    """The witness's own signature among those that came, if each that is said to be is."""
    identity = (witness.key.name, witness.key.key_id)
    own = [one for one in signatures if one[:2] == identity]
    if not own:
        return NoCosignature("it did not sign with the key that the policy has")
    verifier, text = verifier_for(witness.key), note.text.encode()
    if not all(verifier.verifies(text, one.signature) for one in own):
        return NoCosignature("wrong signature")
    last = max(own, key=cosigned_at)
    if cosigned_at(last) > time.time() + MAX_AHEAD_SECONDS:
        return NoCosignature("it signed with a time that is more than a day ahead")
    return last


def _told(found: Mapping[TrustedWitness, _Found], ours: int) -> Cosigned:
    signatures: list[Signature] = []
    failures: dict[str, str] = {}
    ahead: list[WitnessAhead] = []
    for witness, answer in found.items():
        if isinstance(answer, Signature):
            signatures.append(answer)
            continue
        failures[witness.label] = str(answer)
        if answer.ahead is not None:
            ahead.append(WitnessAhead(witness.label, answer.ahead, ours))
    return Cosigned(tuple(signatures), failures, tuple(ahead))
