"""The one door: what is proposed is appended as a whole, answered, and read back."""

from __future__ import annotations

import pytest

from ledger import catalogue
from ledger.domain.requests.closing import RequestCleared
from ledger.event import Commitment
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Refused, WrongState
from tests.town import HOTLINE, filed, found, handled


def test_a_request_goes_from_filing_to_clearing(ledger: Ledger) -> None:
    found(ledger)

    answers = ledger.propose_sync(handled("r-1"))

    stored = list(ledger.read(tags=["request:r-1"]))
    assert [event.kind for event in stored] == [answer.kind for answer in answers]
    assert [event.leaf for event in stored] == [answer.leaf for answer in answers]
    assert [event.position for event in ledger.read()] == list(range(1, answers[-1].position + 1))


def test_a_list_is_refused_as_a_whole(ledger: Ledger) -> None:
    found(ledger)
    size = ledger.store.size()

    with pytest.raises(Refused) as refused:
        ledger.propose_sync([filed("r-2"), Proposal(RequestCleared(request="r-2"), HOTLINE)])

    assert isinstance(refused.value.refusal, WrongState)
    assert refused.value.refusal.index == 1
    assert ledger.store.size() == size


def test_a_reader_gets_commitments_in_place_of_personal_values(ledger: Ledger) -> None:
    found(ledger)

    ledger.propose_sync(handled("r-3"))

    (answered,) = ledger.read(kinds=["request_answered"], tags=["request:r-3"])
    event = catalogue.decode(answered.position, answered.record).event
    assert isinstance(event.__dict__["answer"], Commitment)
    assert "已修复".encode() not in answered.record
