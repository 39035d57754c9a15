"""A proposal, made ready at the door: sealed, checked against the limits, encoded but for a time.

All of this happens before the sequencer's lock, so that under it only the time is filled in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from ledger.canonical import canonical_json, instant
from ledger.event import (
    ID_PATTERN,
    MAX_RECORD_BYTES,
    MAX_TAG_BYTES,
    MAX_TAGS,
    Actor,
    Event,
    Recorded,
    mint_id,
    personal_fields,
)
from ledger.refusals import Refused, Unacceptable
from ledger.telling import names_somebody
from ledger.vault.sealing import Place, SealedValue
from ledger.vault.vault import Vault

_INSTANT_BYTES = len("2026-03-01T08:00:00.123456Z")
"""The longest that `instant` writes."""
_ONE_TIME_BYTES = len(',"recorded_at":"') + _INSTANT_BYTES
_BOTH_TIMES_BYTES = len(',"occurred_at":"') + _INSTANT_BYTES + len('"') + _ONE_TIME_BYTES
CONCERNED_BYTES = 4_096
"""Room in a record for the tags of `Event.concerns`: those of 40 handlers of 75 bytes each."""
IDS_OF_PERSONS = (
    "requester", "holder", "principal", "identity", "poster", "giver", "household", "chosen_by",
    "beneficiary",
)  # fmt: skip
"""The fields in which kinds name a natural person, who must not be known by the id."""
_is_id = re.compile(ID_PATTERN[1:-1]).fullmatch
_are_ids = re.compile("\n".join([ID_PATTERN[1:-1]] * 4)).fullmatch


@dataclass(slots=True)
class Proposal:
    """What a caller proposes: an event with clear values, who acts, and when it happened.

    `occurred_at` None means now, as the ledger records it. `id` is minted where it is not given
    and survives every retry.
    """

    event: Event
    actor: Actor
    occurred_at: datetime | None = None
    cause: str | None = None
    id: str = field(default_factory=mint_id)


class Prepared(NamedTuple):
    """A proposal that can be stored: sealed values, and the record's bytes around one gap.

    `event` still has its clear values, which no rule and no fold reads.
    """

    id: str
    event: Event
    actor: Actor
    occurred_at: datetime | None
    cause: str | None
    tags: tuple[str, ...]
    fresh_tag: str | None
    """The tag whose id was minted for this proposal: it cannot have a history."""
    sealed: tuple[SealedValue, ...]
    head: bytes
    tail: bytes

    def record(self, recorded_at: str) -> bytes:
        """The canonical bytes of the record, as of the batch's time (`canonical.instant`)."""
        stamp = recorded_at.encode()
        if self.occurred_at is None:
            return b"".join(
                (self.head, b',"occurred_at":"', stamp, b'","recorded_at":"', stamp, self.tail)
            )
        return b"".join((self.head, b',"recorded_at":"', stamp, self.tail))

    def concerning(self, more: tuple[str, ...]) -> Prepared:
        """The same with the tags of those whom it concerns, known only under the lock."""
        if not more:
            return self
        tags = tuple(sorted({*self.tags, *more}))
        assert len(tags) <= MAX_TAGS  # a case never has so many handlers
        return self._replace(tags=tags, tail=_tail(tags, self.event.version))

    def recorded(self, position: int, recorded_at: datetime) -> Recorded:
        """The event in its envelope, for folds; what leaves the ledger is read from the record."""
        return Recorded(
            position,
            self.id,
            self.event,
            self.tags,
            self.occurred_at or recorded_at,
            recorded_at,
            self.actor,
            self.cause,
        )


def prepare(proposal: Proposal, vault: Vault) -> Prepared:
    """Seals personal values, checks the limits and encodes.

    Raises `Refused` beyond a limit, and `NoKeyAtHand` where the vault has to make keys first.
    """
    event = proposal.event
    _check_ids(proposal)
    body, sealed = _seal(proposal, vault)
    tags = tuple(sorted(set(event.tags())))
    _check_tags(tags)
    occurred_at = None if proposal.occurred_at is None else _in_utc(proposal.occurred_at)
    try:
        head, tail = _encode(proposal, body, tags, occurred_at)
    except orjson.JSONEncodeError as error:
        raise Refused(
            Unacceptable("not_unicode", str(error), "texts of valid Unicode characters", "body")
        ) from error
    size = len(head) + len(tail) + (_ONE_TIME_BYTES if occurred_at else _BOTH_TIMES_BYTES)
    # The tags of those whom an act concerns are known only under the lock: room is kept for them.
    limit = MAX_RECORD_BYTES - (CONCERNED_BYTES if event.concerns_others() else 0)
    if size > limit:
        raise Refused(
            Unacceptable(
                "record_too_large",
                f"the record would have {size} bytes",
                f"at most {limit} bytes",
                "body",
            )
        )
    return Prepared(
        proposal.id,
        event,
        proposal.actor,
        occurred_at,
        proposal.cause,
        tags,
        _fresh_tag(event),
        sealed,
        head,
        tail,
    )


def _seal(proposal: Proposal, vault: Vault) -> tuple[dict[str, Any], tuple[SealedValue, ...]]:
    event = proposal.event
    personal = personal_fields(type(event))
    if not personal:
        return event.__dict__, ()
    body = dict(event.__dict__)
    subject = event.sealed_under()
    sealed = []
    for name, held_for in personal.items():
        value = body[name]
        if value is None:
            continue
        if not isinstance(value, str):
            raise Refused(
                Unacceptable(
                    "commitment_proposed",
                    f"{name} is a commitment",
                    "the value in clear; the ledger commits to it and seals it",
                    name,
                )
            )
        body[name], kept = vault.seal(Place(proposal.id, name, subject, held_for), value)
        sealed.append(kept)
    return body, tuple(sealed)


def _check_ids(proposal: Proposal) -> None:
    if proposal.cause is not None and proposal.event.joins_contexts:
        raise Refused(
            Unacceptable(
                "cause_tells",
                f"the cause of {proposal.event.kind} would tell in clear what it seals",
                "no cause",
                "cause",
            )
        )
    for name in IDS_OF_PERSONS:
        given = proposal.event.__dict__.get(name)
        if isinstance(given, str) and names_somebody(given):
            raise Refused(
                Unacceptable(
                    "telling_id", f"{name} is a number that names somebody", "a random id", name
                )
            )
    _, organisation, principal = proposal.actor
    # One match for all of them: this runs for every proposal.
    cause = "0" if proposal.cause is None else proposal.cause
    if _are_ids(f"{proposal.id}\n{organisation}\n{principal}\n{cause}"):
        return
    ids = {
        "id": proposal.id,
        "actor.organisation": organisation,
        "actor.principal": principal,
        "cause": cause,
    }
    name = next(name for name, identity in ids.items() if not _is_id(identity))
    raise Refused(
        Unacceptable(
            "malformed_id",
            f"{name} {ids[name][:40]!r} is not an id",
            "1 to 64 of a-z, 0-9 and -, the first not -",
            name,
        )
    )


def _in_utc(moment: datetime) -> datetime:
    try:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except OverflowError:
        pass  # a time whose zone takes it out of the calendar
    raise Refused(
        Unacceptable(
            "time_without_zone",
            f"occurred_at {moment.isoformat()} names no moment in UTC",
            "a time of the years 1 to 9999 with its zone",
            "occurred_at",
        )
    )


def _check_tags(tags: tuple[str, ...]) -> None:
    if len(tags) > MAX_TAGS:
        raise Refused(
            Unacceptable("too_many_tags", f"{len(tags)} tags", f"at most {MAX_TAGS}", "body")
        )
    for tag in tags:
        size = len(tag) if tag.isascii() else len(tag.encode(errors="surrogatepass"))
        if size > MAX_TAG_BYTES or "\x00" in tag:
            raise Refused(
                Unacceptable(
                    "malformed_tag",
                    f"tag {tag[:40]!r} of {size} bytes",
                    f"at most {MAX_TAG_BYTES} bytes without NUL",
                    "body",
                )
            )


def _encode(
    proposal: Proposal, body: dict[str, Any], tags: tuple[str, ...], occurred_at: datetime | None
) -> tuple[bytes, bytes]:
    # The envelope's keys in order are actor, body, cause, id, kind, occurred_at, recorded_at,
    # tags, version: one gap, before the tags, takes the time that is known only under the lock.
    actor = proposal.actor
    head: dict[str, Any] = {
        "actor": {
            "office": actor.office,
            "organisation": actor.organisation,
            "principal": actor.principal,
        },
        "body": body,
        "cause": proposal.cause,
        "id": proposal.id,
        "kind": proposal.event.kind,
    }
    if occurred_at is not None:
        head["occurred_at"] = instant(occurred_at)
    return canonical_json(head)[:-1], _tail(tags, proposal.event.version)


def _tail(tags: tuple[str, ...], version: int) -> bytes:
    return b'",' + canonical_json({"tags": tags, "version": version})[1:]


def _fresh_tag(event: Event) -> str | None:
    if event.creates is None:
        return None
    tag_type, name = event.creates
    return None if name in event.model_fields_set else f"{tag_type}:{getattr(event, name)}"
