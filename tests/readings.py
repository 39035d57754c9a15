"""Readings for tests, and an access log of its own for a schema."""

from __future__ import annotations

from hypothesis import strategies as st

from ledger.access.reading import Item, Reading, ReadingDecision, ReadingPurpose
from ledger.event import Actor

LEDGER = "mingzhang.test/ledger"
ORIGIN = "mingzhang.test/ledger/access"
EVENT = "01980000-0000-7000-8000-000000000000"
CLERK = Actor("clerk_a", "water-bureau", "principal-water")
REVIEWER = Actor("reviewer", "town-government", "principal-reviewer")


def reading(
    subject: str = "request:r1",
    *fields: str,
    actor: Actor = CLERK,
    purpose: ReadingPurpose = ReadingPurpose.HANDLING,
    rule: str | None = None,
    reference: str | None = None,
) -> Reading:
    """A reading of fields of one event, refused where a rule is named."""
    return Reading(
        actor=actor,
        purpose=purpose,
        subject=subject,
        items=tuple(Item(event=EVENT, field=field) for field in fields or ("telephone",)),
        decision=ReadingDecision.ALLOWED if rule is None else ReadingDecision.REFUSED,
        rule=rule,
        reference=reference,
    )


_ids = st.from_regex(r"[a-z0-9][a-z0-9-]{0,63}", fullmatch=True)
_names = st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True)
_subjects = st.from_regex(r"(request|whistle|principal):[!-~]{1,100}", fullmatch=True)
_items = st.builds(Item, event=st.just("*") | _ids, field=st.just("*") | _names)
_references = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=64)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    """Any reading that there may be."""
    rule = draw(st.none() | _names)
    return Reading(
        actor=Actor(draw(_names), draw(_ids), draw(_ids)),
        purpose=draw(st.sampled_from(ReadingPurpose)),
        subject=draw(_subjects),
        items=tuple(draw(st.lists(_items, min_size=1, max_size=12))),
        decision=ReadingDecision.REFUSED if rule else ReadingDecision.ALLOWED,
        rule=rule,
        reference=draw(st.none() | _references),
    )
