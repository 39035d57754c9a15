"""What a town begins with: the default pack, the calendars, and where they are used."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.cli.calendars import NotAnnounced, draft
from api.defaults.opening import default_pack, opening, working_calendars
from api.demonstration import town as demonstration_town
from api.demonstration.cases import demonstration
from api.founding import AlreadyFounded, found, founding_of
from api.imports.groundwork import NoGroundwork, prepare_ground
from api.imports.sources import SOURCES
from ledger import catalogue
from ledger.clocks import TimeUnit
from ledger.domain.founding import LedgerFounded
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.domain.rules.rules import Grade, RulesEnacted, Step, pack_of
from ledger.domain.rules.terms import step_term
from ledger.event import Event, Recorded
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.signing.keys import SigningKeys
from ledger.timekeeper import PRINCIPAL
from tests.paper_ledger import PaperLedger
from tests.test_clocks import CALENDARS, shanghai
from tests.town import FOUNDER

FOUNDING = LedgerFounded(
    origin="town.example/ledger", town="town", town_name="城关镇", founder=FOUNDER.principal
)
MINUTES, HOURS, DAYS = TimeUnit.MINUTES, TimeUnit.HOURS, TimeUnit.WORKING_DAYS


def history(ledger: Ledger) -> list[Recorded]:
    return [catalogue.decode(event.position, event.record) for event in ledger.read()]


def enacted(events: list[Event]) -> tuple[list[RulesEnacted], list[int]]:
    """The packs, and the years of the calendars."""
    packs = [event for event in events if isinstance(event, RulesEnacted)]
    years = [event.year for event in events if isinstance(event, WorkingCalendarEnacted)]
    return packs, years


@pytest.mark.parametrize(
    ("step", "grade", "amount", "unit"),
    [
        (Step.REQUEST_ANSWERED, Grade.EMERGENCY, 2, HOURS),
        (Step.REQUEST_ANSWERED, Grade.UTILITIES, 24, HOURS),
        (Step.REQUEST_ANSWERED, Grade.ORDINARY, 5, DAYS),
        (Step.REQUEST_ANSWERED, Grade.COMPLEX, 15, DAYS),
        (Step.REQUEST_SUPERVISED, Grade.ORDINARY, 1, DAYS),
        (Step.RETURN_RULED, Grade.EMERGENCY, 30, MINUTES),
        (Step.RETURN_RULED, Grade.ORDINARY, 1, DAYS),
        (Step.CALLED_BACK, None, 5, DAYS),
        (Step.CLOSURE_DISPUTED, None, 10, DAYS),
        (Step.DISPUTE_RULED, None, 5, DAYS),
        (Step.POOR_RATING_RECTIFIED, None, 5, DAYS),
        (Step.WHISTLE_SIGNED, Grade.HARD, 1, HOURS),
        (Step.WHISTLE_CONTACTED, Grade.URGENT, 24, HOURS),
        (Step.WHISTLE_REPORTED_IN, Grade.URGENT, 1, HOURS),
        (Step.WHISTLE_REPORTED_IN, Grade.ORDINARY, 3, DAYS),
        (Step.WHISTLE_REPORTED_IN, Grade.HARD, 5, DAYS),
        (Step.WHISTLE_HANDLED, Grade.ORDINARY, 3, DAYS),
        (Step.WHISTLE_HANDLED, Grade.HARD, 5, DAYS),
    ],
)
def test_the_default_pack_has_the_terms_of_published_practice(
    step: Step, grade: Grade | None, amount: int, unit: TimeUnit
) -> None:
    deadline = pack_of(default_pack()).deadline(step, grade)

    assert deadline is not None
    assert (deadline.amount, deadline.unit) == (amount, unit)


def test_the_default_pack_lets_no_answer_stand_by_time_alone() -> None:
    pack = pack_of(default_pack())

    term = step_term((pack,), CALENDARS, Step.ANSWER_DEEMED_ACCEPTED, shanghai(3, 2))

    assert term.due_at is None


def test_the_default_pack_extends_once_and_gives_two_points_at_most() -> None:
    pack = default_pack()

    assert (pack.max_extensions, pack.max_points_per_award) == (1, 2)
    assert (pack.call_back_attempts, pack.call_back_days) == (3, 2)
    assert pack.applies_to_open_cases is False


def test_the_default_lists_know_what_is_counted_only_and_each_reason_of_the_field() -> None:
    pack = default_pack()

    def codes(entries: Any) -> set[str]:
        return {entry.code for entry in entries}

    assert {subject.code for subject in pack.subjects if subject.sensitive} == {
        "family-violence", "mental-health", "subsistence-allowance", "petitions",
    }  # fmt: skip
    assert codes(pack.exclusion_reasons) == {
        "force-majeure", "beyond-legal-powers", "no-legal-ground", "duplicate", "vexatious",
    }  # fmt: skip
    assert codes(pack.decline_grounds) == {
        "before-a-court", "finally-ruled", "petition-concluded", "secrets", "not-of-this-town",
    }  # fmt: skip
    assert "awaiting-requester" in codes(pack.pause_reasons)


@pytest.mark.parametrize("calendar", working_calendars(), ids=lambda calendar: str(calendar.year))
def test_a_calendar_is_the_one_that_is_drafted(calendar: WorkingCalendarEnacted) -> None:
    drafted = WorkingCalendarEnacted.model_validate_json(orjson.dumps(draft(calendar.year)))

    assert (calendar.holidays, calendar.workdays) == (drafted.holidays, drafted.workdays)
    assert calendar.source.startswith(drafted.source)


@pytest.mark.parametrize("year", [2003, 2199])
def test_a_year_of_which_nobody_can_say_it_is_not_drafted(year: int) -> None:
    with pytest.raises(NotAnnounced):
        draft(year)


def test_what_a_town_begins_with_is_accepted_after_its_founding() -> None:
    paper = PaperLedger()

    paper.accept(*(Proposal(event, FOUNDER) for event in (FOUNDING, *opening("town"))))

    assert len(paper.history) == 10


def test_a_ledger_is_founded_whole_and_once(memory_ledger: Ledger, tmp_path: Path) -> None:
    keys = SigningKeys(tmp_path / "log.key")
    events = found(memory_ledger, FOUNDING, keys)

    with pytest.raises(AlreadyFounded, match=r"town\.example/ledger"):
        found(memory_ledger, FOUNDING.model_copy(update={"origin": "elsewhere.example"}), keys)

    assert events == memory_ledger.store.size() == 11
    assert founding_of(memory_ledger.store) == FOUNDING
    packs, years = enacted([recorded.event for recorded in history(memory_ledger)])
    assert packs == [default_pack()]
    assert years == list(range(2020, 2027))
    *_, appointed, announced = [recorded.event for recorded in history(memory_ledger)]
    assert appointed.model_dump()["principal"] == PRINCIPAL
    assert announced.model_dump()["verifier_key"] == str(keys.load()[0].key)


def test_the_demonstration_has_the_default_pack_and_no_calendar_that_was_not_announced() -> None:
    town = [proposal.event for proposal in demonstration(datetime(2031, 5, 3, 4, tzinfo=UTC))]

    packs, years = enacted(town)

    # But for what is published each minute, so that whoever tries it sees it.
    assert packs == [default_pack().model_copy(update={"publish_every_minutes": 1})]
    assert default_pack().publish_every_minutes == 1440
    assert years == list(range(2020, 2027))


@pytest.mark.parametrize("hour", [0, 4, 11, 20])
def test_the_demonstration_is_accepted_at_any_time_of_day(hour: int) -> None:
    now = datetime(2026, 3, 3, hour, tzinfo=UTC)
    paper = PaperLedger(at=now)

    paper.accept(*demonstration(now))

    appointed = {tag for recorded in paper.history for tag in recorded.tags}
    for actor in (demonstration_town.COUNTY, demonstration_town.TOWN_CLERK):
        assert f"principal:{actor.principal}" in appointed
    assert f"principal:{PRINCIPAL}" in appointed


def test_an_import_founds_with_the_default_pack_and_the_calendars(memory_ledger: Ledger) -> None:
    source = SOURCES["nyc-constituent-cases"]()

    prepare_ground(memory_ledger, source)

    packs, years = enacted([recorded.event for recorded in history(memory_ledger)])
    (pack,) = packs
    default = default_pack()
    assert years == list(range(2020, 2027))
    assert (pack.deadlines, pack.office_hours) == (default.deadlines, default.office_hours)
    assert {subject.code for subject in (*source.subjects, *default.subjects)} == {
        subject.code for subject in pack.subjects
    }
    assert pack.effective_from < datetime(2015, 1, 1, tzinfo=UTC)


def test_an_import_leaves_the_calendar_that_a_town_enacted(memory_ledger: Ledger) -> None:
    own = WorkingCalendarEnacted(
        year=2026, holidays=(date(2026, 1, 1),), workdays=(), source="the town's own"
    )
    memory_ledger.propose_sync([Proposal(FOUNDING, FOUNDER), Proposal(own, FOUNDER)])

    prepare_ground(memory_ledger, SOURCES["nyc-constituent-cases"]())

    _, years = enacted([recorded.event for recorded in history(memory_ledger)])
    assert years == [2026, *range(2020, 2026)]


def test_an_import_does_not_replace_a_first_pack_that_waits_for_its_date(
    memory_ledger: Ledger,
) -> None:
    to_come = datetime.now(UTC) + timedelta(days=30)
    waiting = default_pack(effective_from=to_come)
    memory_ledger.propose_sync([Proposal(FOUNDING, FOUNDER), Proposal(waiting, FOUNDER)])

    with pytest.raises(NoGroundwork, match="not yet in force"):
        prepare_ground(memory_ledger, SOURCES["nyc-constituent-cases"]())
