"""What residents asked about their data (个人信息): shown, put right, linked, held, erased."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Final

from api.demonstration import town
from api.demonstration.ziyang.days import CLOSING, chance, later
from api.demonstration.ziyang.love_bank import year
from api.demonstration.ziyang.requests import cases
from ledger.domain.privacy.consent import ConsentGiven, ConsentWithdrawn, Evidence, Purpose
from ledger.domain.privacy.erasure import (
    ErasureBasis,
    HoldBasis,
    LegalHoldPlaced,
    LegalHoldReleased,
    PersonalDataErased,
)
from ledger.domain.privacy.personal_data import (
    AccessRequested,
    ContextsLinked,
    PersonalDataCorrected,
)
from ledger.domain.requests.intake import RequestFiled
from ledger.event import Event, HeldFor
from ledger.proposal import Proposal

ASKED: Final = 24
"""Of each of these acts so many, where there are as many cases to which they fit."""
_WITHDRAWN, _OPEN_TELEPHONE = "request_withdrawn", "telephone"


def opening() -> Iterator[Proposal]:
    """Nothing: all of it happens on a day of its own."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """All acts, each on a case of its own; none lies after the closing date."""
    random = chance("privacy")
    acts = (*_of_requests(random), *_of_accounts(random))
    yield from (act for act in acts if act.occurred_at is not None and act.occurred_at <= CLOSING)


def _of_requests(random: Random) -> Iterator[Proposal]:
    ended = [case for case in cases() if case[-1].event.kind == _WITHDRAWN]
    for case in ended[:ASKED]:
        filed, when = _filing(case), _after(random, case)
        erased = PersonalDataErased(
            subject=f"request:{filed.request}",
            basis=ErasureBasis.WITHDRAWAL,
            legal_reference="个人信息保护法第四十七条第一款",
            purposes=(HeldFor.CONTACT, HeldFor.CONTENT),
        )
        yield Proposal(erased, town.HOTLINE, when)
    others = [case for case in cases() if case[-1].event.kind == "request_struck_off"]
    random.shuffle(others)
    told = [case for case in others if _filing(case).telephone is not None]
    for case in told[:ASKED]:
        yield from _corrected(random, case)
    plain = [case for case in others if _filing(case).telephone is None]
    for number, case in enumerate(plain[: 3 * ASKED]):
        yield from (_shown, _linked, _held)[number % 3](random, case, number)


def _filing(case: tuple[Proposal, ...]) -> RequestFiled:
    filed = case[0].event
    assert isinstance(filed, RequestFiled)  # each case begins with it
    return filed


def _after(random: Random, case: tuple[Proposal, ...]) -> datetime:
    return later(case[-1].occurred_at or CLOSING, random.uniform(2, 80))


def _corrected(random: Random, case: tuple[Proposal, ...]) -> Iterator[Proposal]:
    corrected = PersonalDataCorrected(
        subject=f"request:{_filing(case).request}",
        event=case[0].id,
        of_kind=RequestFiled.kind,
        field=_OPEN_TELEPHONE,
        contact="（演示，无号码，已更正）",
    )
    yield Proposal(corrected, town.HOTLINE, _after(random, case))


def _shown(random: Random, case: tuple[Proposal, ...], number: int) -> Iterator[Proposal]:
    asked = AccessRequested(
        access=town.random_id(f"access/{number}"), subject=f"request:{_filing(case).request}"
    )
    yield Proposal(asked, town.HOTLINE, _after(random, case))


def _linked(random: Random, case: tuple[Proposal, ...], number: int) -> Iterator[Proposal]:
    linked = ContextsLinked(
        identity=town.random_id(f"identity/{number // 6}"),
        context=f"request:{_filing(case).request}",
    )
    yield Proposal(linked, town.HOTLINE, _after(random, case))


def _held(random: Random, case: tuple[Proposal, ...], number: int) -> Iterator[Proposal]:
    subject, when = f"request:{_filing(case).request}", _after(random, case)
    basis = (HoldBasis.DISPUTE, HoldBasis.AUDIT)[number % 2]
    yield Proposal(LegalHoldPlaced(subject=subject, basis=basis), town.TOWN_CLERK, when)
    if number % 4:
        released = LegalHoldReleased(subject=subject, basis=basis)
        yield Proposal(released, town.TOWN_CLERK, later(when, random.uniform(20, 160)))


def _of_accounts(random: Random) -> Iterator[Proposal]:
    """Some holders who agreed to nothing agree to be contacted, and some take it back."""
    holders = [one for one in year().holders if one.unit is None and not one.is_named]
    for number, holder in enumerate(holders[:ASKED]):
        purpose, subject = Purpose.BE_CALLED_BACK, f"account:{holder.account}"
        when = later(holder.opened_at, random.uniform(10, 400))
        acts: list[Event] = [
            ConsentGiven(subject=subject, purpose=purpose, evidence=Evidence.SIGNED_FORM)
        ]
        if number % 3 == 0:
            acts.append(
                ConsentWithdrawn(subject=subject, purpose=purpose, evidence=Evidence.WINDOW)
            )
        for act in acts:
            yield Proposal(act, town.TOWN_CLERK, when)
            when = later(when, random.uniform(10, 200))
