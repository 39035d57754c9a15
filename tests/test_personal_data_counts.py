"""What the public sees of personal data: counts by month, and nobody whose data they are."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from ledger.domain.privacy.consent import Purpose
from ledger.domain.privacy.erasure import HoldBasis
from ledger.domain.requests.requests import Stage
from ledger.event import HeldFor
from projections.folding import fold
from projections.personal_data import PROJECTION, ActGroup, DataSubject
from projections.projection import columns
from projections.showing import shown
from tests.paper_ledger import PaperLedger
from tests.privacy_acts import ACCOUNT, HOLDER, SUBJECT, done, opened
from tests.request_acts import brought_to, on, town
from tests.town import COUNTY, FOUNDER, RESIDENT

PUBLIC = ("personal_data_act", "data_subject", "personal_data_act_tally")


def counted(paper: PaperLedger) -> dict[tuple[str, ...], int]:
    """What the public table says: (kind, about, month) -> acts."""
    tally = fold(PROJECTION, paper.history).tallies["personal_data_act"]
    return {tuple(group): acts for (group, _), (acts,) in tally.items()}


def of(paper: PaperLedger, subject: str = SUBJECT) -> DataSubject | None:
    """What is kept for the inside about a subject."""
    rows = fold(PROJECTION, paper.history).rows.get("data_subject_withheld", {})
    row: DataSubject | None = rows.get((subject,))
    return row


def test_every_act_is_counted_by_what_it_is_about_and_by_month() -> None:
    paper = town(*brought_to(Stage.WITHDRAWN), done("consent_given"), done("access_requested"))
    paper.at = on(4, 1, 0, 30)
    paper.accept(
        done("consent_withdrawn"),
        done("consent_given", purpose=Purpose.SHOW_NAME),
        done("personal_data_corrected", RESIDENT),
        done("legal_hold_placed"),
        done("legal_hold_released"),
        done("personal_data_erased", FOUNDER),
    )

    assert counted(paper) == {
        ("consent_given", "be_called_back", "2026-03"): 1,
        ("access_requested", "", "2026-03"): 1,
        ("consent_withdrawn", "be_called_back", "2026-04"): 1,
        ("consent_given", "show_name", "2026-04"): 1,
        ("personal_data_corrected", "contact", "2026-04"): 1,
        ("legal_hold_placed", "archives", "2026-04"): 1,
        ("legal_hold_released", "archives", "2026-04"): 1,
        ("personal_data_erased", "request", "2026-04"): 1,
    }


def test_what_the_opening_of_an_account_agreed_to_is_counted_as_consent() -> None:
    both: dict[str, Any] = {"masked_name_consent": True, "ranking_opt_in": True}
    paper = town(opened(**both), opened(account="account-2"))

    assert counted(paper) == {
        ("consent_given", "show_masked_name", "2026-03"): 1,
        ("consent_given", "take_part_in_ranking", "2026-03"): 1,
    }


def test_no_public_table_has_a_row_or_a_column_that_names_a_subject() -> None:
    paper = town(*brought_to(Stage.WITHDRAWN), opened(ranking_opt_in=True), done("consent_given"))

    folded = fold(PROJECTION, paper.history)

    assert set(shown(PROJECTION)) == set(PUBLIC)
    assert {*folded.rows} == {"personal_data_act_withheld", "data_subject_withheld"}
    assert [column.name for column in columns(ActGroup)] == ["kind", "about", "period"]
    assert not re.search("request-0|account-1|requester-1|holder-1", str(counted(paper)))


def test_the_consents_of_a_subject_are_those_in_force() -> None:
    shown: dict[str, Any] = {"purpose": Purpose.SHOW_FIELD, "event": "event-1", "field": "comment"}
    paper = town(*brought_to(Stage.FILED), done("consent_given"), done("consent_given", **shown))
    both = of(paper)

    paper.accept(done("consent_withdrawn"))

    assert both is not None
    assert both.consents == ("be_called_back", "show_field event-1 comment")
    assert of(paper) == DataSubject(SUBJECT, ("show_field event-1 comment",))


def test_the_consents_of_an_account_begin_with_its_opening() -> None:
    paper = town(opened(masked_name_consent=True, ranking_opt_in=True))

    ranking: dict[str, Any] = {"purpose": Purpose.TAKE_PART_IN_RANKING}
    paper.accept(done("consent_withdrawn", HOLDER, ACCOUNT, **ranking))

    assert of(paper, ACCOUNT) == DataSubject(ACCOUNT, ("show_masked_name",))
    assert of(town(opened()), ACCOUNT) is None


def test_holds_and_erasure_are_kept_by_subject() -> None:
    last_day = date(2027, 12, 31)
    paper = town(
        *brought_to(Stage.WITHDRAWN),
        done("consent_given"),
        done("legal_hold_placed"),
        done("legal_hold_placed", COUNTY, basis=HoldBasis.COURT, until=last_day),
    )
    held = of(paper)
    paper.accept(
        done("legal_hold_released"),
        done("legal_hold_released", COUNTY, basis=HoldBasis.COURT),
        done("personal_data_erased", FOUNDER, purposes=(HeldFor.CONTACT,)),
    )
    in_part = of(paper)
    paper.accept(done("personal_data_erased", FOUNDER))

    assert held is not None
    assert in_part is not None
    assert held.holds == ("archives", "court 2027-12-31")
    assert (in_part.holds, in_part.erased) == ((), ("contact",))
    assert in_part.consents == ("be_called_back",)
    everything = ("contact", "content", "identity", "profile")
    assert of(paper) == DataSubject(SUBJECT, (), (), everything, paper.at)
