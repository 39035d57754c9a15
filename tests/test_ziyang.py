"""The acceptance fixture: a whole town over a year, and its figures at the closing date."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from api.demonstration.ziyang.days import CLOSING, working_days
from api.demonstration.ziyang.figures import Board, Figure, figures
from api.demonstration.ziyang.script import script
from ledger import catalogue
from ledger.clocks import local_day
from ledger.domain.disclosure import corrections, disclosure_objections, disclosures
from ledger.domain.town.people import PersonEnrolled
from ledger.event import Commitment, Recorded
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.store.memory import MemoryStore
from tests.replaying import replay
from tests.vaults import memory_vault

BATCH = 400
FIGURES = 26
"""Of the table, with what must be disjoint and is counted as 0."""
NOT_PLAYED = {
    # The key is the machine's, and the town's points have not come to their end.
    "log_key_announced",
    "love_points_expired",
    "love_points_expiry_noticed",
    # These are entered within three months of what they tell.
    "booking_closed",
    "booking_made",
    "duty_covered",
    "off_hours_served",
    # What is disclosed is fixed by digests of a real log.
    *(cls.kind for area in (disclosures, disclosure_objections, corrections) for cls in area.KINDS),
}


class Played(NamedTuple):
    """The town as it was proposed, and as the ledger has it."""

    proposals: list[Proposal]
    history: list[Recorded]
    figures: dict[str, Figure]
    records: list[bytes]


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    """The town, entered once into a ledger in memory."""
    vault, store = memory_vault(), MemoryStore()
    ledger = Ledger(store, vault)
    ledger.start()
    proposals = script()
    for first in range(0, len(proposals), BATCH):
        ledger.propose_sync(proposals[first : first + BATCH])
    ledger.close()
    history = [catalogue.decode(event.position, event.record) for event in store.events]
    education = {
        recorded.event.principal: vault.open(
            store.sealed[recorded.position, "education"], recorded.event.education
        ).value
        for recorded in history
        if isinstance(recorded.event, PersonEnrolled)
        and isinstance(recorded.event.education, Commitment)
    }
    found = {figure.name: figure for figure in figures(Board(history, education))}
    yield Played(proposals, history, found, [event.record for event in store.events])
    vault.close()


def test_every_figure_of_the_town_is_what_the_source_says(played: Played) -> None:
    assert [figure for figure in played.figures.values() if not figure.holds] == []
    assert len(played.figures) == FIGURES


def digest(proposals: Iterable[Proposal]) -> str:
    """SHA-256 of all that a town proposes, in its order."""
    found = sha256()
    for proposal in proposals:
        actor, body = "/".join(proposal.actor), proposal.event.model_dump_json()
        line = (proposal.id, proposal.event.kind, actor, f"{proposal.occurred_at}", body)
        found.update("\n".join(line).encode())
    return found.hexdigest()


def test_the_town_is_the_same_in_every_process(played: Played) -> None:
    """Sets of texts have another order in each."""
    program = "from tests.test_ziyang import digest, script; print(digest(script()))"
    elsewhere = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert elsewhere.stdout.strip() == digest(played.proposals)


def test_the_town_has_a_years_work(played: Played) -> None:
    assert 20_000 <= len(played.history) <= 60_000


def test_nothing_is_claimed_after_the_closing_date(played: Played) -> None:
    assert max(recorded.occurred_at for recorded in played.history) <= CLOSING


def test_the_offices_keep_the_working_calendar(played: Played) -> None:
    """But for the hotline, and for what runs day and night."""
    worked = set(working_days())
    kinds = ("order_return_ruled", "extension_ruled", "publicity_opened", "love_points_awarded")
    days = Counter(
        local_day(recorded.occurred_at) in worked
        for recorded in played.history
        if recorded.kind in kinds
    )

    assert days[True] > 1_000
    assert days[False] == 0


def test_the_town_plays_every_kind_but_these(played: Played) -> None:
    """What is left out needs the present day, or is not of a town's daily work."""
    kinds = {recorded.kind for recorded in played.history}

    assert {*catalogue.KINDS} - kinds == NOT_PLAYED


def test_the_towns_year_is_decided_again_to_the_same_bytes(played: Played) -> None:
    states = replay(played.records)

    assert len(played.records) > 50_000
    assert {tag for one in played.history for tag in one.tags} == {*states}


def test_no_person_is_known_by_an_id_that_tells_who(played: Played) -> None:
    requesters = Counter(
        proposal.event.__dict__["requester"]
        for proposal in played.proposals
        if proposal.event.kind == "request_filed"
    )

    assert max(requesters.values()) == 1


def test_the_readmes_walk_can_be_walked_in_this_town(played: Played) -> None:
    """Whom and what its lines name is there."""
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (walk,) = re.findall(r"^```bash\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    tags = {tag for one in played.history for tag in one.tags}

    named = re.findall(r'"(account|community|lead|department)": "([a-z0-9-]+)"', walk)
    principals = re.findall(r'"(p-[a-z-]+)"', walk)

    assert {"account", "community", "lead", "department"} == {kind for kind, _ in named}
    for kind, identity in named:
        tag_type = kind if kind == "account" else "organisation"
        assert f"{tag_type}:{identity}" in tags
    assert len(principals) == 3
    assert {f"principal:{principal}" for principal in principals} <= tags
