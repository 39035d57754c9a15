"""Personal data: whose they are, who may act on them, access, correction, and linked contexts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from ledger.catalogue import KINDS
from ledger.domain.privacy.erasure import PersonalDataErased
from ledger.domain.privacy.personal_data import ContextsLinked, PersonalDataCorrected
from ledger.domain.privacy.subjects import SUBJECT_TYPES, Subject, SubjectEvent
from ledger.domain.requests.intake import RequestFiled
from ledger.domain.requests.requests import Stage
from ledger.domain.town.people import PersonEnrolled
from ledger.event import MAX_TAG_BYTES, Actor, HeldFor, personal_fields
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.privacy_acts import (
    ACCOUNT,
    ALL_ACTS,
    HOLDER,
    IDENTITY,
    OF_RESIDENTS,
    SUBJECT,
    done,
    opened,
)
from tests.replaying import replay
from tests.request_acts import (
    CASE,
    COMMITTEE_2,
    STRANGER,
    UNIT,
    acts,
    brought_to,
    filing,
    may,
    refused,
    second,
    town,
)
from tests.town import (
    COMMITTEE,
    COUNTY,
    FOUNDER,
    HOTLINE,
    RESIDENT,
    SECRETARY,
    TOWN_CLERK,
    WATER,
)
from tests.whistle_acts import WHISTLE, blown, whistle_town

IS_SUBJECT = TypeAdapter(Subject)


def linked(actor: Actor = HOTLINE, identity: str = "identity-1", context: str = SUBJECT) -> Any:
    return Proposal(ContextsLinked(identity=identity, context=context), actor)


def needs(kind: str) -> list[Proposal]:
    """What comes before an act on the case, which has ended."""
    before = {
        "consent_withdrawn": [done("consent_given")],
        "legal_hold_released": [done("legal_hold_placed", COUNTY)],
    }
    return before.get(kind, [])


# Subjects


def test_the_types_of_subjects_are_those_under_which_kinds_seal() -> None:
    """A kind with personal fields that seals under another type of tag has to join the list."""
    types = {
        KINDS[kind].model_validate_json(json.dumps(KINDS[kind].example)).sealed_under()
        for kind in KINDS
        if personal_fields(KINDS[kind])
    }

    assert {tag.partition(":")[0] for tag in types} == set(SUBJECT_TYPES)


def test_a_subject_is_such_a_tag_and_leaves_room_for_the_tag_of_its_privacy() -> None:
    longest = f"{max(SUBJECT_TYPES, key=len)}:{'a' * 64}"

    assert IS_SUBJECT.validate_python(longest) == longest
    assert len(f"privacy:{longest}") <= MAX_TAG_BYTES
    for text in ("request:", "docket:dept-water", "request:A", f"{longest}a", "privacy:request:a"):
        with pytest.raises(ValidationError):
            IS_SUBJECT.validate_python(text)


def test_every_kind_on_a_subject_seals_under_it_and_tells_its_privacy() -> None:
    kinds = [cls for cls in KINDS.values() if issubclass(cls, SubjectEvent)]

    assert sorted(cls.kind for cls in kinds) == sorted(ALL_ACTS)
    for cls in kinds:
        event = cls.model_validate_json(json.dumps(cls.example))
        assert event.sealed_under() == event.subject
        assert f"privacy:{event.subject}" in event.tags()


@pytest.mark.parametrize("kind", ALL_ACTS)
@pytest.mark.parametrize(
    "subject", ["request:request-9", "account:x-1", "principal:p-nobody", "identity:x-1"]
)
def test_a_subject_of_which_nothing_is_known_has_no_data(kind: str, subject: str) -> None:
    refusal = refused(town(), done(kind, subject=subject), "unknown_data_subject", "subject")

    assert isinstance(refusal, UnknownReference)
    assert subject in refusal.reason


def test_all_acts_on_the_data_of_a_case_replay_to_the_same_bytes() -> None:
    paper = town(*brought_to(Stage.WITHDRAWN))
    paper.accept(
        linked(),
        done("consent_given", under_14=True, guardian="（监护人姓名）"),
        done("consent_withdrawn"),
        done("access_requested", RESIDENT),
        done("personal_data_corrected"),
        done("legal_hold_placed"),
        done("legal_hold_released"),
        done("personal_data_erased", FOUNDER),
        done("personal_data_erased", FOUNDER, "identity:identity-1"),
    )

    states = replay(paper.records)

    assert states == paper.states
    assert states[f"privacy:{SUBJECT}"].is_erased


def test_acts_on_the_data_of_a_case_leave_the_case_as_it_is() -> None:
    paper = town(*brought_to(Stage.CLEARED))
    before = paper.states[SUBJECT]

    paper.accept(
        done("consent_given"),
        done("access_requested"),
        done("personal_data_corrected"),
        done("personal_data_erased", purposes=(HeldFor.IDENTITY,)),
    )

    assert paper.states[SUBJECT] == before


# Who acts


@pytest.mark.parametrize("kind", OF_RESIDENTS)
def test_residents_act_on_data_of_their_own_alone(kind: str) -> None:
    paper = town(*brought_to(Stage.WITHDRAWN), *needs(kind))

    refusal = refused(paper, done(kind, STRANGER), "not_the_subject", "subject")

    assert isinstance(refusal, Forbidden)
    paper.accept(done(kind, RESIDENT))


@pytest.mark.parametrize(
    ("subject", "itself"),
    [
        (ACCOUNT, HOLDER),
        ("identity:identity-1", IDENTITY),
        (f"principal:{WATER.principal}", RESIDENT._replace(principal=WATER.principal)),
    ],
)
def test_whoever_a_subject_is_acts_on_its_data(subject: str, itself: Actor) -> None:
    paper = town(opened(), linked())

    refused(paper, done("access_requested", RESIDENT, subject), "not_the_subject", "subject")

    paper.accept(done("access_requested", itself, subject))


def test_a_whistle_is_nobodys_own() -> None:
    paper = whistle_town(blown())
    whistle = f"whistle:{WHISTLE}"

    refused(paper, done("access_requested", RESIDENT, whistle), "not_the_subject", "subject")

    paper.accept(done("access_requested", SECRETARY, whistle))


@pytest.mark.parametrize(
    ("kind", "actor"),
    [
        (kind, actor)
        for kind in ALL_ACTS
        for actor in (COMMITTEE_2, HOTLINE, TOWN_CLERK, COUNTY)
        if may(kind, actor)
    ],
)
def test_the_one_complained_about_does_nothing_with_the_complainants_data(
    kind: str, actor: Actor
) -> None:
    against = actor.organisation
    filed = Proposal(filing(against=against), COMMITTEE)
    paper = town(filed, Proposal(acts()["request_withdrawn"].event, COMMITTEE))

    refusal = refused(paper, done(kind, actor), "complained_about")

    assert isinstance(refusal, Forbidden)
    assert against in refusal.reason


@pytest.mark.parametrize("kind", ALL_ACTS)
def test_whoever_spoke_for_it_does_nothing_with_them_either(kind: str) -> None:
    stated = Proposal(acts()["respondent_stated"].event, second(UNIT))
    paper = town(Proposal(filing(), HOTLINE), stated, acts()["request_withdrawn"], *needs(kind))

    usual = done(kind).actor

    refused(paper, done(kind, second(usual)), "complained_about")


@pytest.mark.parametrize("kind", ALL_ACTS)
def test_a_requester_in_an_office_does_nothing_with_data_of_their_own(kind: str) -> None:
    actor = done(kind).actor
    filed = Proposal(filing(requester=actor.principal, against=None), second(HOTLINE))
    paper = town(filed, Proposal(acts()["request_withdrawn"].event, second(HOTLINE)))

    refused(paper, done(kind), "own_request")


@pytest.mark.parametrize("kind", ALL_ACTS)
def test_nobody_acts_in_an_office_on_data_of_their_own(kind: str) -> None:
    actor = done(kind).actor
    own = f"principal:{actor.principal}"

    refusal = refused(town(), done(kind, subject=own), "own_data", "subject")

    assert isinstance(refusal, Forbidden)


def test_the_holder_of_an_account_does_nothing_in_an_office_on_it() -> None:
    paper = town(opened(holder=COMMITTEE.principal))

    own = done("access_requested", COMMITTEE, ACCOUNT)

    refused(paper, own, "own_data", "subject")


@pytest.mark.parametrize("kind", OF_RESIDENTS)
def test_a_body_of_another_community_takes_nothing_down(kind: str) -> None:
    paper = town(*brought_to(Stage.WITHDRAWN), *needs(kind))

    refused(paper, done(kind, COMMITTEE_2), "foreign_community", "subject")

    paper.accept(done(kind, SECRETARY))


def test_the_data_of_a_whistle_are_guarded_as_those_of_its_request() -> None:
    whistle = f"whistle:{WHISTLE}"
    paper = whistle_town(Proposal(filing(against="government"), COMMITTEE), blown(request=CASE))

    refused(paper, done("legal_hold_placed", subject=whistle), "complained_about")
    refused(paper, done("access_requested", COMMITTEE_2, whistle), "foreign_community", "subject")

    paper.accept(done("legal_hold_placed", COUNTY, whistle))


# Access


def test_an_access_has_an_id_of_its_own_at_random() -> None:
    paper = town(*brought_to(Stage.FILED))

    paper.accept(done("access_requested"), done("access_requested"))

    first, second_ = (recorded.event.access for recorded in paper.history[-2:])  # type: ignore[attr-defined]
    assert first != second_
    assert paper.states[f"access:{first}"] == SUBJECT
    again = done("access_requested", access=first)
    assert isinstance(refused(paper, again, "access_exists", "access"), WrongState)


def test_who_asks_after_the_erasure_may_learn_that_nothing_is_held() -> None:
    paper = town(*brought_to(Stage.WITHDRAWN), done("personal_data_erased"))

    paper.accept(done("access_requested", RESIDENT))


# Correction


@pytest.mark.parametrize("actor", [HOTLINE, COMMITTEE, RESIDENT, FOUNDER])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", {"identity": "（本人姓名）"}),
        ("telephone", {"contact": "（本人电话）"}),
        ("details", {"content": "二单元停水"}),
    ],
)
def test_a_value_is_put_right_in_the_place_of_what_it_is_kept_for(
    actor: Actor, field: str, value: dict[str, Any]
) -> None:
    paper = town(*brought_to(Stage.FILED))

    paper.accept(_corrected(actor, field=field, **value))


def _corrected(actor: Actor = HOTLINE, subject: str = SUBJECT, **body: Any) -> Proposal:
    usually = {"event": "event-1", "of_kind": "request_filed", "field": "telephone"}
    return Proposal(PersonalDataCorrected(subject=subject, **{**usually, **body}), actor)


def test_education_is_put_right_too() -> None:
    enrolled = PersonEnrolled(principal="p-new", name="（本人姓名）")
    paper = town(Proposal(enrolled, FOUNDER))

    paper.accept(
        _corrected(
            FOUNDER,
            "principal:p-new",
            of_kind="person_enrolled",
            field="education",
            profile="bachelor",
        )
    )


@pytest.mark.parametrize("value", [{}, {"contact": "1", "identity": "2"}])
def test_one_value_is_given(value: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="one of contact, identity, content, profile"):
        _corrected(**value)


def test_a_value_in_the_place_of_another_purpose_would_outlive_its_erasure() -> None:
    paper = town(*brought_to(Stage.FILED))

    misplaced = _corrected(content="（本人电话）")

    refusal = refused(paper, misplaced, "value_kept_for_another_purpose", "content")
    assert isinstance(refusal, Unacceptable)
    assert "contact" in refusal.accepted


@pytest.mark.parametrize("field", ["subject", "community", "no_such_field"])
def test_only_a_personal_field_is_corrected(field: str) -> None:
    paper = town(*brought_to(Stage.FILED))

    refusal = refused(paper, _corrected(field=field, content="1"), "not_personal", "field")

    assert isinstance(refusal, Unacceptable)


def test_only_a_field_of_a_known_kind_is_corrected() -> None:
    paper = town(*brought_to(Stage.FILED))

    unheard = _corrected(of_kind="town_sold", content="1")

    assert isinstance(refused(paper, unheard, "no_such_kind", "of_kind"), UnknownReference)


def test_what_is_erased_is_not_put_right_and_the_rest_is() -> None:
    paper = town(
        *brought_to(Stage.WITHDRAWN),
        done("personal_data_erased", purposes=(HeldFor.CONTACT,)),
    )

    refusal = refused(paper, _corrected(contact="1"), "subject_erased", "subject")

    assert isinstance(refusal, WrongState)
    paper.accept(_corrected(field="name", identity="（本人姓名）"))


def test_a_correction_is_corrected() -> None:
    paper = town(*brought_to(Stage.FILED), _corrected(contact="1"))

    of: dict[str, Any] = {"of_kind": "personal_data_corrected", "field": "contact"}

    paper.accept(_corrected(**of, contact="2"))
    refused(paper, _corrected(**of, content="2"), "value_kept_for_another_purpose", "content")


# Linked contexts


def test_the_record_of_a_link_names_no_context() -> None:
    paper = town(*brought_to(Stage.FILED), linked())

    record = paper.records[-1].decode()

    assert CASE not in record
    assert paper.history[-1].tags == ("identity:identity-1",)
    assert paper.states["identity:identity-1"].contexts == 1


def test_an_identity_is_minted_at_random_and_takes_more_contexts() -> None:
    paper = town()
    first = ContextsLinked(context=SUBJECT)
    paper.accept(Proposal(first, HOTLINE))

    paper.accept(linked(COMMITTEE, first.identity, ACCOUNT))

    assert paper.states[f"identity:{first.identity}"].contexts == 2


def test_a_resident_links_under_the_identity_and_under_no_context() -> None:
    """The record holds its actor: a context's id there would tell what the link hides."""
    paper = town(*brought_to(Stage.FILED))

    by_the_requester = linked(RESIDENT)

    refusal = refused(paper, by_the_requester, "not_the_identity", "identity")
    assert isinstance(refusal, Forbidden)
    paper.accept(linked(IDENTITY))


@pytest.mark.parametrize("actor", [WATER, TOWN_CLERK])
def test_only_who_takes_cases_in_links_them(actor: Actor) -> None:
    refused(town(), linked(actor), "office_may_not")


def test_erasing_names_what_it_erases() -> None:
    of = {"subject": SUBJECT, "basis": "request", "legal_reference": "第四十七条"}

    some = PersonalDataErased.model_validate_json(json.dumps({**of, "purposes": ["contact"]}))
    everything = PersonalDataErased.model_validate_json(json.dumps(of))

    assert some.erases == {HeldFor.CONTACT}
    assert everything.erases == set(HeldFor)
    assert set(personal_fields(RequestFiled).values()) < everything.erases
