"""Entering a demonstration town: whole, or on from where it was broken off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from api.databases import prepare
from api.demonstration.entry import TornTown, enter_town, small_town
from api.demonstration.ziyang import bodies, people
from api.demonstration.ziyang.days import OPENING
from api.demonstration.ziyang.script import named
from api.settings import Settings
from ledger import catalogue
from ledger.event import Recorded
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.store.postgres import PostgresStore

TOWN = tuple(named((*bodies.opening(), *people.opening())))
"""The first acts of a town that is the same each time."""


@pytest.fixture
def settings(tmp_path: Path, postgres_url: str, schema: str) -> Settings:
    """Of an empty ledger."""
    prepare(postgres_url, schema)
    return Settings(data=tmp_path, database_url=postgres_url, schema=schema)


def propose(settings: Settings, proposals: Sequence[Proposal]) -> None:
    """Enters these alone, as one that is broken off then."""
    assert settings.database_url is not None
    with closing(PostgresStore(settings.database_url, settings.schema)) as store:
        vault = settings.vault(settings.database_url)
        ledger = Ledger(store, vault)
        ledger.start()
        with closing(vault), closing(ledger):
            ledger.propose_sync(proposals)


def history(settings: Settings) -> Iterator[Recorded]:
    assert settings.database_url is not None
    with closing(PostgresStore(settings.database_url, settings.schema)) as store:
        for event in store.read():
            yield catalogue.decode(event.position, event.record)


def test_a_town_that_was_broken_off_is_gone_on_with(settings: Settings) -> None:
    propose(settings, TOWN[:500])

    is_the_demonstrations = enter_town(settings, proposals=lambda: TOWN)

    entered = list(history(settings))
    assert is_the_demonstrations
    assert [one.id for one in entered[:-1]] == [proposal.id for proposal in TOWN]
    assert entered[-1].kind == "log_key_announced"


def test_a_town_that_is_entered_is_left_as_it_is(settings: Settings) -> None:
    enter_town(settings, proposals=lambda: TOWN)

    enter_town(settings, proposals=lambda: TOWN)

    assert len(list(history(settings))) == len(TOWN) + 1


def test_part_of_another_town_is_no_beginning_of_this_one(settings: Settings) -> None:
    propose(settings, small_town()[:30])

    with pytest.raises(TornTown, match="position 30"):
        enter_town(settings, proposals=lambda: TOWN)


def test_the_small_town_is_entered_once_too(settings: Settings) -> None:
    enter_town(settings)
    size = len(list(history(settings)))

    enter_town(settings)

    assert len(list(history(settings))) == size


def test_what_is_older_than_the_ledger_is_entered_at_its_opening() -> None:
    assert {proposal.occurred_at for proposal in TOWN} == {OPENING}
