"""The timekeeper: what time causes is recorded once, however late or doubled its keeper is."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger import catalogue
from ledger.catalogue import KINDS
from ledger.domain.requests.supervision import RequestSupervised
from ledger.event import Recorded
from ledger.ledger import Ledger
from ledger.store.postgres import PostgresStore
from ledger.timekeeper import Due, Timekeeper
from projections.dues import Dues
from tests.api_server import Server, filed
from tests.town import founding

_SUPERVISED = Due(RequestSupervised(request="request-1", overdue=True), ("request-1", "1"))
LONG_AGO = "2026-03-02T09:00:00+08:00"


@contextmanager
def another_ledger(server: Server) -> Iterator[Ledger]:
    """A ledger of another process on the server's log."""
    settings = server.settings
    assert settings.database_url is not None
    with closing(PostgresStore(settings.database_url, settings.schema)) as store:
        vault = settings.vault(settings.database_url)
        ledger = Ledger(store, vault)
        ledger.start()
        yield ledger
        ledger.close()
        vault.close()


def dues(server: Server) -> Dues:
    assert server.settings.database_url is not None
    return Dues(server.settings.database_url, server.settings.schema)


def dispatched(server: Server, request: str, when: str) -> None:
    """A request that went to the water department at that time, and is on the board."""
    acts: list[dict[str, Any]] = [
        filed(request=request),
        {"kind": "request_accepted", "body": {"request": request}},
        {
            "kind": "request_dispatched",
            "body": {"request": request, "lead": "dept-water", "grade": "ordinary"},
        },
    ]
    answer = server.post("hotline-clerk", [{**act, "occurred_at": when} for act in acts])
    assert answer.status_code == 201, answer.text
    position = answer.json()["events"][-1]["position"]
    server.get(f"/v1/disclosures/process?min_position={position}", "auditor")


def history(ledger: Ledger, request: str) -> list[Recorded]:
    return [
        catalogue.decode(one.position, one.record)
        for one in ledger.read(tags=[f"request:{request}"])
    ]


def test_what_is_overdue_by_the_packs_measure_is_supervised_once(server: Server) -> None:
    dispatched(server, "overdue-1", LONG_AGO)

    with another_ledger(server) as one, another_ledger(server) as other:
        keepers = [Timekeeper(ledger, dues(server)) for ledger in (one, other, one)]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda keeper: keeper.propose_due(datetime.now(UTC)), keepers))
        late = Timekeeper(one, dues(server)).propose_due(datetime.now(UTC))
        found = history(one, "overdue-1")

    supervised = [recorded for recorded in found if recorded.kind == "request_supervised"]
    assert len(supervised) == 1
    assert supervised[0].actor.principal == "timekeeper"
    assert "docket:dept-water" in supervised[0].tags
    assert late == 0


def test_what_is_not_overdue_is_left_alone(server: Server) -> None:
    dispatched(server, "in-time-1", datetime.now(UTC).isoformat())

    looked = dues(server)(datetime.now(UTC))
    later = dues(server)(datetime.now(UTC) + timedelta(days=60))

    assert "in-time-1" not in [due.about[0] for due in looked]
    assert "in-time-1" in [due.about[0] for due in later]


def test_a_look_into_the_future_is_refused_by_the_rules(server: Server) -> None:
    dispatched(server, "in-time-2", datetime.now(UTC).isoformat())

    with another_ledger(server) as ledger:
        Timekeeper(ledger, dues(server)).propose_due(datetime.now(UTC) + timedelta(days=60))
        found = history(ledger, "in-time-2")

    assert [recorded.kind for recorded in found][-1] == "request_dispatched"


def test_in_an_empty_ledger_it_has_nothing_to_do(memory_ledger: Ledger) -> None:
    keeper = Timekeeper(memory_ledger, lambda at: [_SUPERVISED])

    assert keeper.propose_due(datetime.now(UTC)) == 0
    assert memory_ledger.store.size() == 0


def test_without_its_appointment_it_says_so(memory_ledger: Ledger) -> None:
    memory_ledger.propose_sync(founding()[:1])
    keeper = Timekeeper(memory_ledger, lambda at: [_SUPERVISED])

    assert keeper.propose_due(datetime.now(UTC)) == 0
    assert keeper.trouble is not None
    assert "no_such_appointment" in keeper.trouble


@pytest.mark.parametrize("kind", ["request_supervised", "answer_accepted"])
def test_the_same_thing_has_the_same_receipt_and_another_round_another(kind: str) -> None:
    cls: Any = KINDS[kind]
    event = cls(request="request-1")
    first, again, next_round = (Due(event, ("request-1", number)) for number in "112")

    assert first.receipt() == again.receipt()
    assert first.receipt() != next_round.receipt()
