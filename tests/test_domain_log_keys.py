"""The log's keys: each new one follows the last, under the log's own name."""

from __future__ import annotations

import pytest

from ledger.domain.log_keys import LOG_KEYS_TAG, LogKeyAnnounced, LogKeys
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, WrongState
from ledger.tlog.note import Signer, VerifierKey
from tests.request_acts import refused, town
from tests.town import FOUNDER, HOTLINE

FIRST = str(Signer("town.example/ledger", bytes(32)).key)
SECOND = str(Signer("town.example/ledger", bytes([1]) * 32).key)
OF_ANOTHER = str(Signer("town.example/other", bytes([2]) * 32).key)


def announced(key: str, supersedes: str | None = None) -> Proposal:
    return Proposal(LogKeyAnnounced(verifier_key=key, supersedes=supersedes), FOUNDER)


def test_keys_are_announced_one_after_the_other() -> None:
    found = town(announced(FIRST), announced(SECOND, FIRST))

    assert found.states[LOG_KEYS_TAG] == LogKeys((FIRST, SECOND))


def test_the_first_key_replaces_none_and_every_other_the_last() -> None:
    assert isinstance(
        refused(town(), announced(SECOND, FIRST), "not_the_latest_key", "supersedes"), WrongState
    )
    refused(town(announced(FIRST)), announced(SECOND), "not_the_latest_key", "supersedes")


def test_a_key_is_announced_once() -> None:
    both = town(announced(FIRST), announced(SECOND, FIRST))

    refused(both, announced(FIRST, SECOND), "log_key_exists", "verifier_key")


def test_a_key_bears_the_name_of_the_log() -> None:
    refused(
        town(announced(FIRST)), announced(OF_ANOTHER, FIRST), "key_of_another_log", "verifier_key"
    )


@pytest.mark.parametrize(
    "key",
    [
        FIRST.replace("ledger+", "ledgex+"),
        str(VerifierKey.of("town.example/ledger", 0x04, bytes(32))),
    ],
)
def test_a_line_that_is_no_key_for_notes_is_refused(key: str) -> None:
    refusal = refused(town(), announced(key), "not_a_verifier_key", "verifier_key")

    assert isinstance(refusal, Unacceptable)
    assert "log-key show" in refusal.accepted


def test_only_the_towns_secretary_announces_a_key() -> None:
    proposal = Proposal(LogKeyAnnounced(verifier_key=FIRST), HOTLINE)

    assert isinstance(refused(town(), proposal, "office_may_not"), Forbidden)
