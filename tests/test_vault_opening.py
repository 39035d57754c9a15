"""Who may open what, for which purpose; and no value is seen that is not on the access log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledger.access.log import PURPOSE, SCHEMA_SUFFIX, AccessLog
from ledger.access.reading import ReadingDecision, ReadingPurpose
from ledger.decision import Office
from ledger.domain.privacy.consent import ConsentGiven, ConsentWithdrawn, Evidence, Purpose
from ledger.domain.privacy.erasure import ErasureBasis, PersonalDataErased
from ledger.domain.privacy.personal_data import PersonalDataCorrected
from ledger.domain.requests.dispatching import OrderReassigned, RequestDispatched
from ledger.domain.requests.intake import RequestAccepted, RequestFiled
from ledger.domain.requests.requests import Category, Channel
from ledger.domain.rules.rules import Grade
from ledger.domain.town.people import AppointmentEnded, AppointmentMade, PersonEnrolled
from ledger.domain.whistles.blowing import WhistleBlown
from ledger.domain.whistles.summons import WhistleReturnRequested, WhistleReturnRuled
from ledger.domain.whistles.whistles import Ground
from ledger.event import Actor, HeldFor
from ledger.ledger import Answer, Ledger
from ledger.proposal import Proposal
from ledger.refusals import Refused, Unavailable
from ledger.store.migrations import migrate
from ledger.store.postgres import PostgresStore
from ledger.vault.cabinet import PostgresCabinet
from ledger.vault.erasing import Eraser
from ledger.vault.exports import Exports
from ledger.vault.key_source import KeySource
from ledger.vault.opening import Opener, Question
from ledger.vault.rotation import RotationRunning
from ledger.vault.vault import Vault
from tests.request_acts import COMMITTEE_2
from tests.town import (
    COMMITTEE,
    COUNTY,
    FOUNDER,
    HOTLINE,
    ROADS,
    SECRETARY,
    TOWN_CLERK,
    URBAN,
    WATER,
    accepted,
    found,
    handled,
)

NAME, TELEPHONE, ADDRESS = "某某𡈽", "13800001111", "金丝雀街七号"
SUBJECT = "request:request-1"
AUDITOR = Actor("auditor", "county", "p-auditor")


@dataclass
class Town:
    """A ledger with its vault and its access log, and what erases."""

    ledger: Ledger
    cabinet: PostgresCabinet
    opener: Opener
    access: AccessLog
    eraser: Eraser
    source: KeySource
    exports: Exports

    def propose(self, actor: Actor, event: Any) -> Answer:
        (answer,) = self.ledger.propose_sync([Proposal(event, actor)])
        return answer

    def file(self, request: str = "request-1", **changes: Any) -> Answer:
        """A request with a name, a telephone, an address and a text."""
        event = RequestFiled(
            request=request,
            community="committee-1",
            category=Category.HELP,
            subject="noise",
            channel=Channel.HOTLINE,
            requester=f"requester-{request}",
            name=NAME,
            telephone=TELEPHONE,
            address=ADDRESS,
            details="夜里施工",
        ).model_copy(update=changes)
        return self.propose(HOTLINE, event)

    def read(self, actor: Actor = HOTLINE, **asked: Any) -> dict[str, str | None]:
        """The values by field; only those that stand."""
        given = {"purpose": ReadingPurpose.HANDLING, "subject": SUBJECT, **asked}
        return {
            one.held.stands_for[1]: one.opened and one.opened.value
            for one in self.opener.read(Question(actor, **given))
            if one.is_current
        }


@pytest.fixture
def town(postgres_url: str, schema: str, tmp_path: Path) -> Iterator[Town]:
    access_schema = schema + SCHEMA_SUFFIX
    migrate(postgres_url, schema)
    migrate(postgres_url, access_schema, PURPOSE)
    source = KeySource(tmp_path / "vault.key")
    with ExitStack() as stack:
        store = stack.enter_context(closing(PostgresStore(postgres_url, schema)))
        entries = stack.enter_context(closing(PostgresStore(postgres_url, access_schema, PURPOSE)))
        cabinet = PostgresCabinet(postgres_url, schema, source)
        vault = stack.enter_context(closing(Vault(cabinet)))
        access = AccessLog(entries, lambda: "ledger.example/town")
        ledger = Ledger(store, vault)
        for thread in (access, ledger):
            thread.start()
            stack.callback(thread.close)
        found(ledger)
        exports = Exports(tmp_path / "exports")
        eraser = Eraser(store, cabinet, source, vault.keys, exports)
        opener = Opener(store, cabinet, access)
        yield Town(ledger, cabinet, opener, access, eraser, source, exports)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop schema if exists {access_schema} cascade".encode())


def refused(town: Town, rule: str, actor: Actor = HOTLINE, **asked: Any) -> None:
    """Refused by that rule, and the access log says so."""
    with pytest.raises(Refused) as caught:
        town.read(actor, **asked)

    assert caught.value.refusal.rule == rule
    (last, *_) = town.access.of_subject(asked.get("subject", SUBJECT))
    assert last.reading.decision is ReadingDecision.REFUSED
    assert last.reading.rule == rule
    assert last.reading.actor == actor


# Reading


def test_whoever_handles_a_case_reads_its_values_and_stands_on_the_access_log(town: Town) -> None:
    filed = town.file()

    values = town.read()

    assert values == {
        "name": NAME, "telephone": TELEPHONE, "address": ADDRESS, "details": "夜里施工",
    }  # fmt: skip
    (entry,) = town.access.of_subject(SUBJECT)
    assert entry.reading.actor == HOTLINE
    assert entry.reading.purpose is ReadingPurpose.HANDLING
    assert {(item.event, item.field) for item in entry.reading.items} == {
        (filed.id, field) for field in values
    }


def test_one_field_is_read_without_the_others(town: Town) -> None:
    filed = town.file()

    assert town.read(event=filed.id, field="telephone") == {"telephone": TELEPHONE}

    (entry,) = town.access.of_subject(SUBJECT)
    (item,) = entry.reading.items
    assert (item.event, item.field) == (filed.id, "telephone")


def test_nothing_is_opened_that_cannot_be_recorded(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.file()
    opened: list[object] = []
    monkeypatch.setattr(town.cabinet, "find", opened.append)

    def away(_: object) -> int:
        raise Unavailable("no database")

    monkeypatch.setattr(town.access, "record", away)

    with pytest.raises(Unavailable):
        town.read()

    assert not opened


def test_a_department_reads_what_it_handles_and_nothing_else(town: Town) -> None:
    town.file()
    refused(town, "not_a_handler", WATER)

    accepted(town.ledger, *handled("request-2"))
    town.propose(
        HOTLINE,
        PersonalDataCorrected(
            subject="request:request-2", event="0" * 8, of_kind="request_filed",
            field="telephone", contact=TELEPHONE,
        ),
    )  # fmt: skip
    values = town.read(WATER, subject="request:request-2")

    assert TELEPHONE in values.values()


def test_the_one_complained_about_reads_nothing(town: Town) -> None:
    town.file(against="dept-water", category=Category.COMPLAINT)

    refused(town, "complained_about", WATER)


def test_a_purpose_gives_no_more_than_it_needs(town: Town) -> None:
    filed = town.file()

    refused(town, "more_than_needed", purpose=ReadingPurpose.CALLBACK)
    values = town.read(purpose=ReadingPurpose.CALLBACK, event=filed.id, field="telephone")

    assert values == {"telephone": TELEPHONE}


@pytest.mark.parametrize(
    ("rule", "actor", "asked"),
    [
        ("office_may_not", WATER, {"purpose": ReadingPurpose.SUPERVISION}),
        ("office_may_not", TOWN_CLERK, {"purpose": ReadingPurpose.AUDIT}),
        ("reference_missing", TOWN_CLERK, {"purpose": ReadingPurpose.COURT}),
        ("no_consent", HOTLINE, {"purpose": ReadingPurpose.DISCLOSURE}),
        ("no_such_appointment", HOTLINE._replace(principal="p-nobody"), {}),
        ("unknown_actor_organisation", HOTLINE._replace(organisation="nowhere"), {}),
        ("nothing_held", HOTLINE, {"subject": "request:request-9"}),
        ("nothing_held", HOTLINE, {"field": "shoe_size"}),
        ("nothing_held", HOTLINE, {"event": "no-event"}),
        ("not_the_subject", Actor("resident", "committee-1", "requester-2"),
         {"purpose": ReadingPurpose.SUBJECT_ACCESS}),
    ],
)  # fmt: skip
def test_others_are_refused_by_a_rule_that_is_recorded(
    town: Town, rule: str, actor: Actor, asked: dict[str, Any]
) -> None:
    town.file()

    refused(town, rule, actor, **asked)


def test_the_subject_reads_its_own(town: Town) -> None:
    town.file()

    values = town.read(
        Actor("resident", "committee-1", "requester-request-1"),
        purpose=ReadingPurpose.SUBJECT_ACCESS,
    )

    assert values["name"] == NAME


def test_a_correction_stands_and_the_first_value_stays_readable(town: Town) -> None:
    filed = town.file()
    town.propose(
        HOTLINE,
        PersonalDataCorrected(
            subject=SUBJECT, event=filed.id, of_kind="request_filed", field="telephone",
            contact="13900002222",
        ),
    )  # fmt: skip

    read = town.opener.read(
        Question(HOTLINE, ReadingPurpose.HANDLING, SUBJECT, filed.id, "telephone")
    )

    assert [(one.opened and one.opened.value, one.is_current) for one in read] == [
        (TELEPHONE, False),
        ("13900002222", True),
    ]


def test_a_damaged_value_is_named_by_event_and_field_and_the_rest_is_read(town: Town) -> None:
    filed = town.file()
    with psycopg.connect(town.cabinet._conninfo, autocommit=True) as connection:
        connection.execute("set role none")
        connection.execute("update sealed_value set ciphertext = '' where field = 'telephone'")

    read = town.opener.read(Question(HOTLINE, ReadingPurpose.HANDLING, SUBJECT))

    problems = {one.held.place.field: one.problem for one in read}
    assert problems["telephone"] == f"telephone of event {filed.id} does not open"
    assert [problems[field] for field in ("name", "address", "details")] == [None] * 3


def test_with_consent_one_field_is_shown_and_without_it_no_more(town: Town) -> None:
    filed = town.file()
    agreed: dict[str, Any] = {
        "subject": SUBJECT, "purpose": Purpose.SHOW_FIELD, "event": filed.id, "field": "details",
        "evidence": Evidence.SIGNED_FORM,
    }  # fmt: skip
    asked: dict[str, Any] = {"purpose": ReadingPurpose.DISCLOSURE, "event": filed.id}
    town.propose(HOTLINE, ConsentGiven(**agreed))

    assert town.read(field="details", **asked) == {"details": "夜里施工"}
    refused(town, "no_consent", field="name", **asked)
    refused(town, "no_consent", **asked)

    town.propose(HOTLINE, ConsentWithdrawn(**agreed))
    refused(town, "no_consent", field="details", **asked)


# Erasing


def erased(town: Town, subject: str = SUBJECT, **changes: Any) -> None:
    body: dict[str, Any] = {
        "subject": subject, "basis": ErasureBasis.REQUEST, "legal_reference": "第四十七条",
        "purposes": (HeldFor.IDENTITY,), **changes,
    }  # fmt: skip
    town.propose(TOWN_CLERK, PersonalDataErased(**body))


def test_an_erasure_destroys_keys_and_values_and_says_so(town: Town) -> None:
    filed = town.file()
    town.exports.write(SUBJECT, "report.json", b"{}")
    kept_before = town.opener.held(SUBJECT)

    erased(town)
    (done,) = town.eraser.erase()

    assert (done.subject, done.data_keys, done.sealed_values) == (SUBJECT, 1, 1)
    assert done.completed_at is None
    assert town.read() == {"telephone": TELEPHONE, "address": ADDRESS, "details": "夜里施工"}
    refused(town, "nothing_held", event=filed.id, field="name")
    destroyed = [one.sealed.key_id for one in kept_before if one.place.field == "name"]
    assert not town.cabinet.find(destroyed).keys
    assert not any(town.exports._folder.iterdir())
    assert town.eraser.erase() == ()


def test_an_erasure_is_complete_once_the_key_encryption_key_is_replaced(town: Town) -> None:
    town.file()
    before = town.source.load().current
    erased(town)
    town.eraser.erase()

    rotated = town.eraser.complete()

    assert [one.subject for one in rotated.completed] == [SUBJECT]
    (erasure,) = town.eraser.erasures(SUBJECT)
    assert erasure.completed_at is not None
    assert before.id not in town.source.load()
    assert town.read()["telephone"] == TELEPHONE


def test_erasures_are_completed_once_a_night(town: Town) -> None:
    town.file()
    erased(town)
    (done,) = town.eraser.erase()
    at = done.erased_at

    assert town.eraser.complete_if_due(at) is None
    assert town.eraser.complete_if_due(at.replace(hour=18, minute=59)) is None or at.hour >= 19
    next_night = at.replace(year=at.year + 1)
    completed = town.eraser.complete_if_due(next_night)
    assert completed is not None
    assert [one.subject for one in completed.completed] == [SUBJECT]
    assert town.eraser.complete_if_due(next_night) is None


def test_what_is_sealed_after_an_erasure_is_kept(town: Town) -> None:
    filed = town.file()
    erased(town)
    town.eraser.erase()
    town.propose(
        HOTLINE,
        PersonalDataCorrected(
            subject=SUBJECT, event=filed.id, of_kind="request_filed", field="telephone",
            contact="13900002222",
        ),
    )  # fmt: skip
    town.eraser.complete()

    assert town.read()["telephone"] == "13900002222"


def test_two_erasers_at_once_erase_once(town: Town) -> None:
    town.file()
    erased(town)
    store = town.opener._store
    other = Eraser(store, town.cabinet, town.source, town.ledger.vault.keys, town.exports)

    done = [*town.eraser.erase(), *other.erase()]

    assert len(done) == 1


def test_nothing_is_erased_where_exports_cannot_be_deleted(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.file()
    erased(town)

    def denied(_: str) -> None:
        raise PermissionError("denied")

    with monkeypatch.context() as patched:
        patched.setattr(town.exports, "delete", denied)
        with pytest.raises(PermissionError):
            town.eraser.erase()
    assert town.eraser.erasures() == ()

    assert len(town.eraser.erase()) == 1


def test_the_eraser_follows_the_log_by_itself(town: Town) -> None:
    town.file()
    town.eraser.start()
    try:
        erased(town)
        for _ in range(200):
            if town.eraser.erasures():
                break
            town.ledger.store.wait(10**9, 0.05)
        assert [one.subject for one in town.eraser.erasures()] == [SUBJECT]
    finally:
        town.eraser.close()


def test_an_erasure_that_comes_while_the_eraser_looks_is_not_left_for_the_next_event(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.file()
    erase, looks = town.eraser.erase, [0]

    def looking() -> Any:
        done = erase()
        looks[0] += 1
        if looks[0] == 1:
            erased(town)
        return done

    monkeypatch.setattr(town.eraser, "erase", looking)
    town.eraser.start()
    deadline = time.monotonic() + 5
    while not town.eraser.erasures() and time.monotonic() < deadline:
        time.sleep(0.05)
    town.eraser.close()

    assert [one.subject for one in town.eraser.erasures()] == [SUBJECT]


def test_the_eraser_waits_while_another_process_rotates(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def running(_: object) -> None:
        looks.append(time.monotonic())
        raise RotationRunning("the key-encryption key is being replaced by another process")

    monkeypatch.setattr(town.eraser, "complete_if_due", running)
    town.eraser.start()
    time.sleep(1.5)
    town.eraser.close()

    assert 1 <= len(looks) <= 3


# Who reads what of a case


def correct(town: Town, subject: str = SUBJECT) -> None:
    """Something is held of the subject that its own events did not bring."""
    town.propose(
        HOTLINE,
        PersonalDataCorrected(
            subject=subject, event="0" * 8, of_kind="request_filed", field="telephone",
            contact=TELEPHONE,
        ),
    )  # fmt: skip


def test_the_community_reads_of_its_own_cases_and_of_no_others(town: Town) -> None:
    town.file()
    appoint(town, COMMITTEE_2)

    assert town.read(COMMITTEE)["name"] == NAME
    assert town.read(COMMITTEE, purpose=ReadingPurpose.CALLBACK, field="telephone") == {
        "telephone": TELEPHONE
    }
    refused(town, "foreign_community", COMMITTEE_2)


def test_the_county_supervises_and_answers_courts_but_handles_only_what_is_its_own(
    town: Town,
) -> None:
    town.file()

    assert town.read(COUNTY, purpose=ReadingPurpose.SUPERVISION)["name"] == NAME
    court: dict[str, Any] = {"purpose": ReadingPurpose.COURT, "reference": "〔2026〕12号"}
    assert town.read(COUNTY, **court)["name"] == NAME
    refused(town, "not_a_handler", COUNTY)


def test_a_department_whose_order_went_to_another_reads_no_more(town: Town) -> None:
    accepted(town.ledger, *handled("request-2")[:3])
    subject = "request:request-2"
    correct(town, subject)
    assert town.read(WATER, subject=subject)

    town.propose(HOTLINE, OrderReassigned(request="request-2", lead="dept-roads"))

    refused(town, "not_a_handler", WATER, subject=subject)
    assert town.read(ROADS, subject=subject)


def blow(town: Town, *departments: str, **changes: Any) -> str:
    """A whistle with a note, for these departments: its subject."""
    event = WhistleBlown(
        whistle="whistle-1", grade=Grade.ORDINARY, ground=Ground.JOINT_ENFORCEMENT,
        departments=departments, note="夜里施工", **changes,
    )  # fmt: skip
    town.propose(SECRETARY, event)
    return "whistle:whistle-1"


def test_a_department_that_was_released_from_a_whistle_reads_no_more(town: Town) -> None:
    subject = blow(town, "dept-urban", "dept-roads")
    assert town.read(ROADS, subject=subject) == {"note": "夜里施工"}
    of_roads: dict[str, Any] = {"whistle": "whistle-1", "department": "dept-roads"}
    town.propose(
        ROADS, WhistleReturnRequested(**of_roads, reason="不属管辖", proposed_owner="dept-water")
    )

    town.propose(TOWN_CLERK, WhistleReturnRuled(**of_roads, granted=True))

    refused(town, "not_a_handler", ROADS, subject=subject)
    assert town.read(URBAN, subject=subject)["note"] == "夜里施工"
    assert town.read(SECRETARY, subject=subject)["note"] == "夜里施工"


def test_the_one_complained_about_reads_no_whistle_for_the_case(town: Town) -> None:
    town.file(against="dept-water", category=Category.COMPLAINT)
    town.propose(HOTLINE, RequestAccepted(request="request-1"))
    town.propose(
        HOTLINE, RequestDispatched(request="request-1", lead="county", grade=Grade.ORDINARY)
    )
    subject = blow(town, "dept-roads", request="request-1")

    refused(town, "complained_about", WATER, subject=subject)
    assert town.read(ROADS, subject=subject) == {"note": "夜里施工"}
    assert town.read(ROADS)["name"] == NAME


def test_who_left_the_office_reads_no_more(town: Town) -> None:
    town.file()
    town.propose(
        FOUNDER,
        AppointmentEnded(
            principal=HOTLINE.principal, organisation="hotline", office=Office.CLERK_A
        ),
    )

    refused(town, "no_such_appointment", HOTLINE)


def appoint(town: Town, actor: Actor) -> None:
    appointed = AppointmentMade(
        principal=actor.principal, organisation=actor.organisation, office=Office(actor.office)
    )
    town.propose(FOUNDER, appointed)


def test_a_department_released_from_its_whistle_reads_no_more_of_the_request(town: Town) -> None:
    accepted(town.ledger, *handled("request-2")[:3])
    corrected: dict[str, Any] = {
        "subject": "request:request-2", "event": "0" * 8, "of_kind": "request_filed",
        "field": "telephone", "contact": TELEPHONE,
    }  # fmt: skip
    town.propose(HOTLINE, PersonalDataCorrected(**corrected))
    blown = WhistleBlown(
        whistle="whistle-1", request="request-2", grade=Grade.HARD,
        ground=Ground.JOINT_ENFORCEMENT, departments=("dept-urban", "dept-water"),
    )  # fmt: skip
    town.propose(SECRETARY, blown)
    assert town.read(URBAN, subject="request:request-2")

    for department, actor in (("dept-urban", URBAN), ("dept-water", WATER)):
        summons: dict[str, Any] = {"whistle": "whistle-1", "department": department}
        asked = WhistleReturnRequested(**summons, reason="…", proposed_owner="dept-roads")
        town.propose(actor, asked)
        town.propose(TOWN_CLERK, WhistleReturnRuled(**summons, granted=True))

    refused(town, "not_a_handler", URBAN, subject="request:request-2")
    assert town.read(WATER, subject="request:request-2")  # it leads the case


@pytest.mark.parametrize(
    "asked",
    [
        {"subject": "request:13912345678"},
        {"subject": "request:11010519491231002x"},
        {"reference": "致电13912345678"},
    ],
)
def test_a_number_that_names_somebody_does_not_come_onto_the_access_log(
    town: Town, asked: dict[str, Any]
) -> None:
    town.file()

    with pytest.raises(Refused) as caught:
        town.read(**asked)

    assert caught.value.refusal.rule == "telling_number"
    assert not town.access.of_principal(HOTLINE.principal)


def test_who_serves_is_read_of_by_the_town_alone(town: Town) -> None:
    town.propose(FOUNDER, PersonEnrolled(principal="p-water", name=NAME))
    of_who_serves = "principal:p-water"

    refused(town, "of_who_serves", subject=of_who_serves)
    channel = Actor("resident", "committee-1", "p-water")
    access = ReadingPurpose.SUBJECT_ACCESS
    refused(town, "of_who_serves", channel, subject=of_who_serves, purpose=access)
    assert town.read(TOWN_CLERK, subject=of_who_serves) == {"name": NAME}


def test_the_log_is_searched_for_erasures_once_and_then_from_there_on(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = town.ledger.store
    read, searched = store.read, []

    def reading(query: Any = None, *, after: int = 0, **bounds: Any) -> Any:
        searched.append(after)
        return read(query, after=after, **bounds)

    town.file()
    erased(town)
    monkeypatch.setattr(store, "read", reading)
    assert town.eraser.erase()
    first = store.size()
    town.file("request-2")
    assert not town.eraser.erase()
    erased(town, "request:request-2")
    assert town.eraser.erase()

    assert searched == [0, first, first + 1]
