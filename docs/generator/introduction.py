"""The beginning of docs/events.md: introduction.md, and in it what follows from the code."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import Any

import orjson

from api import problems, submission
from api.settings import Limits
from docs.generator.refusals import Rule, rules_in, rules_table
from docs.generator.values import SITUATION, SUBJECT
from ledger import catalogue, decision, proposal
from ledger.canonical import canonical_json
from ledger.decision import Situation
from ledger.dictionary import envelope_table
from ledger.domain.requests.closing import RequestCleared
from ledger.domain.requests.intake import RequestFiled
from ledger.event import (
    MAX_INTEGER,
    MAX_TAG_BYTES,
    MAX_TAGS,
    Actor,
    Commitment,
    Event,
    personal_fields,
)
from ledger.markdown import json_block, link
from ledger.sequencer import Sequencer

_TEXT = Path(__file__).with_name("introduction.md")
_SALT = bytes(32)
_CLERK = Actor("clerk_a", "hotline", "p-hotline-clerk")
_FILED_AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def introduction() -> str:
    """The part before the table of contents."""
    limits = Limits()
    text = Template(_TEXT.read_text(encoding="utf-8"))
    return text.substitute(
        list_events=f"{limits.list_events:,}",
        receipt_days=limits.receipt_days,
        body_mebibytes=limits.body_bytes // 1024**2,
        max_integer=f"{MAX_INTEGER:,}",
        max_tags=MAX_TAGS,
        max_tag_bytes=MAX_TAG_BYTES,
        by_residents=", ".join(map(link, submission.BY_RESIDENTS)),
        proposed=json_block(proposed()),
        refused=json_block(refused()),
        recorded=json_block(orjson.loads(recorded())),
        envelope=envelope_table(),
        common_rules=rules_table(common_rules()),
    ).rstrip("\n")


def proposed() -> dict[str, Any]:
    """A proposal as a caller sends it."""
    return {
        "kind": RequestFiled.kind,
        "occurred_at": "2026-03-02T09:30:00+08:00",
        "body": dict(RequestFiled.example),
    }


def recorded() -> bytes:
    """The record of that proposal, with commitments under a salt of zeros."""
    event = RequestFiled.model_validate_json(orjson.dumps(RequestFiled.example))
    body = event.model_dump(mode="json")
    for name in personal_fields(RequestFiled):
        if body[name] is not None:
            committed = sha256(_SALT + str(body[name]).encode()).hexdigest()
            body[name] = Commitment(commitment=committed).model_dump()
    return canonical_json(
        {
            "actor": _CLERK._asdict(),
            "body": body,
            "cause": None,
            "id": "019cac78-1b40-7c6e-9a51-0d6b2f38e7a4",
            "kind": event.kind,
            "occurred_at": "2026-03-02T01:30:00Z",
            "recorded_at": "2026-03-02T01:30:04.218906Z",
            "tags": sorted(event.tags()),
            "version": event.version,
        }
    )


def refused() -> dict[str, Any]:
    """What a caller is told who clears that request at once."""
    request = str(RequestFiled.example["request"])
    tag = f"request:{request}"
    states = {tag: catalogue.fold(tag, [catalogue.decode(1, recorded())])}
    situation = Situation(states.get, _CLERK, _FILED_AT, _FILED_AT)
    refusal = RequestCleared(request=request).decide(situation)
    assert refusal is not None
    return problems.of_refusal(refusal, "/body/request").members()


def common_rules() -> tuple[Rule, ...]:
    """What any proposal may be refused for: at the door, and before the kind's own rules."""
    known: dict[str, object] = {"event": SUBJECT, "situation": SITUATION}
    door = (*rules_in(Sequencer.submit, Event, {}), *rules_in(proposal.prepare, Event, {}))
    return tuple(dict.fromkeys((*door, *rules_in(decision.decide, Event, known))))
