"""Replay (invariant 6): stored records are accepted again and written to the same bytes."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import catalogue
from ledger.canonical import canonical_json
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Refused
from tests.paper_ledger import PaperLedger
from tests.replaying import replay
from tests.strategies import examples, proposals
from tests.town import RULES, accepted, cases, found, founding, handled, refused


def test_a_towns_stored_history_replays_to_the_same_bytes(ledger: Ledger) -> None:
    found(ledger)
    accepted(ledger, *cases())

    stored = list(ledger.read())

    states = replay(event.record for event in stored)
    assert len(stored) == len(founding()) + len(cases())
    assert states["account:account-2"].balance == 5


def test_a_history_with_claimed_times_replays_to_the_same_bytes(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    moment = datetime.now(UTC) - timedelta(days=3)
    proposals = handled("request-1")
    for hour, proposal in enumerate(proposals):
        proposal.occurred_at = moment + timedelta(hours=hour, microseconds=hour)
        proposal.cause = "event-1"

    accepted(memory_ledger, *proposals)

    replay(event.record for event in memory_ledger.read())


def test_refusals_leave_no_trace(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())
    before = [event.record for event in memory_ledger.read()]

    for proposal in (founding()[0], *cases()[:1], Proposal(RULES, founding()[0].actor)):
        with pytest.raises(Refused):
            memory_ledger.propose_sync([proposal])
    with pytest.raises(Refused):
        memory_ledger.propose_sync([*handled("request-a")[:2], *handled("request-b")[1:]])

    assert [event.record for event in memory_ledger.read()] == before
    refused(memory_ledger, handled("request-a")[1], "unknown_request", "request")


def test_what_a_refused_list_would_have_made_is_not_seen_by_the_next(
    memory_ledger: Ledger,
) -> None:
    found(memory_ledger)
    with pytest.raises(Refused):
        memory_ledger.propose_sync([handled("request-1")[0], handled("request-1")[2]])

    accepted(memory_ledger, *handled("request-1"))

    replay(event.record for event in memory_ledger.read())


@examples(25)
@given(st.data())
def test_random_histories_replay_to_the_same_states(data: st.DataObject) -> None:
    paper = _town().copy()
    for _ in range(4):
        with suppress(Refused):
            paper.propose(data.draw(proposals(paper.at)))

    states = replay(paper.records)

    assert states == paper.states


def _town() -> PaperLedger:
    if not _TOWN.records:
        _TOWN.accept(*founding(), *cases())
    return _TOWN


_TOWN = PaperLedger()


# What replay must notice: each of these would be a forged or lost event.


def stored_records() -> list[bytes]:
    return list(_town().records)


def first(records: list[bytes], kind: str) -> int:
    return next(
        place for place, record in enumerate(records) if f'"kind":"{kind}"'.encode() in record
    )


@pytest.mark.parametrize(
    "kind",
    [
        "ledger_founded",
        "organisation_registered",
        "appointment_made",
        "rules_enacted",
        "whistle_blown",
        "account_opened",
    ],
)
def test_a_lost_event_on_which_others_stand_is_noticed(kind: str) -> None:
    records = stored_records()

    del records[first(records, kind)]

    with pytest.raises(AssertionError):
        replay(records)


def test_a_doubled_event_is_noticed() -> None:
    records = stored_records()

    with pytest.raises(AssertionError, match="request_exists"):
        replay([*records, records[first(records, "request_filed")]])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("actor", {"office": "clerk_a", "organisation": "hotline", "principal": "p-water"}),
        ("occurred_at", "2036-01-01T00:00:00Z"),
        ("tags", ["request:request-1"]),
        ("occurred_at", "2026-03-02T01:00:26.000Z"),
    ],
)
def test_a_forged_envelope_is_noticed(name: str, value: object) -> None:
    records = stored_records()
    place = first(records, "request_filed")

    records[place] = canonical_json({**json.loads(records[place]), name: value})

    with pytest.raises(AssertionError):
        replay(records)


def test_a_record_that_is_not_canonical_is_noticed() -> None:
    records = stored_records()

    records[-1] = json.dumps(json.loads(records[-1]), indent=1).encode()

    assert catalogue.decode(1, records[-1]).kind
    with pytest.raises(AssertionError, match="written differently"):
        replay(records)


def test_points_made_out_of_nothing_are_noticed() -> None:
    records = stored_records()
    place = next(place for place, record in enumerate(records) if b"love_points_redeemed" in record)

    for name in (b"points", b"quantity"):
        records[place] = records[place].replace(b'"%s":5' % name, b'"%s":50' % name)

    with pytest.raises(AssertionError, match="beyond_balance"):
        replay(records)
