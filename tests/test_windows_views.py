"""What is shown of items and windows: minutes as a plain count of them, promises as they ran."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.clocks import SHANGHAI, working_year
from ledger.domain.services.bookings import BookingOutcome
from ledger.store.contract import StoredEvent
from ledger.store.memory import MemoryStore
from ledger.store.postgres import PostgresStore
from ledger.tlog.merkle import leaf_hash
from projections import windows_reading
from projections.manning import Manned, RosterOf, manned
from projections.schema import prepare
from projections.windows_reading import Figures, ItemsPage, WindowsPage
from tests.api_server import Server
from tests.paper_ledger import PaperLedger
from tests.request_acts import on, pack
from tests.strategies import examples
from tests.test_rebuild import FILLS, same_as_folded
from tests.test_service_pages import (
    HTML,
    Look,
    board,  # noqa: F401 - a fixture
)
from tests.windows_acts import (
    asked,
    booked,
    closed,
    covered,
    days,
    decided,
    filed,
    off_hours,
    opened,
    prechecked,
    published,
    received,
    rostered,
    serving,
    shift,
    signed,
)

MONDAY = date(2026, 3, 2)
MINUTE = timedelta(minutes=1)
HOURS = ((480, 720), (840, 1080))


def moment(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + minute * MINUTE


# How a window was manned

_SPANS = st.tuples(st.integers(48, 107), st.integers(1, 20)).map(
    lambda one: (10 * one[0], 10 * min(one[0] + one[1], 108))
)
_DAYS = st.integers(0, 6).map(lambda more: MONDAY + timedelta(days=more))


def _apart(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Those of the spans, in order, that begin once the one before has ended."""
    kept: list[tuple[int, int]] = []
    for span in sorted(spans):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return tuple(kept)


_ROSTERS = st.lists(
    st.builds(
        lambda one, other, spans: RosterOf(min(one, other), max(one, other), _apart(spans)),
        _DAYS, _DAYS, st.lists(_SPANS, max_size=4),
    ),
    max_size=3,
)  # fmt: skip


@examples(150)
@given(
    _ROSTERS,
    st.lists(st.tuples(_DAYS, st.lists(_SPANS, max_size=3), st.booleans()), max_size=4),
    st.tuples(_DAYS, st.integers(0, 143)),
    st.tuples(_DAYS, st.integers(0, 143)),
)
def test_each_minute_of_a_window_is_counted_as_what_it_was(
    rosters: list[RosterOf], away: Any, since: Any, until: Any
) -> None:
    """Against a walk over the cells of ten minutes of a week, whose Wednesday is a holiday."""
    told, taken = [], set[datetime]()
    for day, spans, is_covered in away:
        for span in _apart(spans):
            cells = {moment(day, one) for one in range(span[0], span[1], 10)}
            if not cells & taken:
                told.append(((moment(day, span[0]), moment(day, span[1])), is_covered))
                taken |= cells
    within = sorted((moment(since[0], 10 * since[1]), moment(until[0], 10 * until[1])))
    calendars = {2026: working_year(2026, (date(2026, 3, 4),), (date(2026, 3, 7),))}

    counted = manned(HOURS, rosters, told, calendars, (within[0], within[1]))

    plain = dict.fromkeys(("open", "unrostered", "covered", "absent"), 0)
    for cell in range(7 * 144):
        day, minute = MONDAY + timedelta(days=cell // 144), cell % 144 * 10
        at = moment(day, minute)
        is_open = day.day in (2, 3, 5, 6, 7) and any(start <= minute < end for start, end in HOURS)
        if not is_open or not within[0] <= at < within[1]:
            continue
        plain["open"] += 10
        named = [one for one in rosters if one.first_day <= day <= one.last_day]
        shifts = named[-1].shifts if named else ()
        if not any(start <= minute < end for start, end in shifts):
            plain["unrostered"] += 10
            continue
        for (start, end), is_covered in told:
            if start <= at < end:
                plain["covered" if is_covered else "absent"] += 10
    assert counted == Manned(*plain.values())
    assert counted.uncovered_minutes <= counted.open_minutes


def test_a_year_without_a_calendar_has_its_weekends() -> None:
    counted = manned(HOURS, [], [], {}, (moment(MONDAY, 0), moment(MONDAY, 7 * 1440)))

    assert counted == Manned(5 * 480, 5 * 480)


def shown_windows(board: Look, paper: PaperLedger, at: datetime, **part: Any) -> WindowsPage:  # noqa: F811
    found: WindowsPage = board(paper, partial(windows_reading.windows, at=at, **part))
    return found


def test_minutes_that_nobody_manned_are_counted_from_the_opening_until_now(board: Look) -> None:  # noqa: F811
    """Opened at nine on a Monday: until Tuesday at noon there were 180, 240 and 240 minutes."""
    paper = serving(
        rostered(last_day=date(2026, 3, 2)),
        covered(on(3, 2, 9, 30), on(3, 2, 10)),
        covered(on(3, 2, 10), on(3, 2, 10, 45), covered_by=None),
        off_hours(on(3, 1, 23), on(3, 2, 7)),
    )

    (row,) = shown_windows(board, paper, on(3, 3, 12)).windows

    # It was opened some seconds after nine: of the first minute nothing is left.
    assert row.manned == Manned(659, 240, 30, 45)
    assert (row.uncovered.numerator, row.uncovered.denominator) == (285, 659)
    assert (row.off_hours_minutes, row.off_hours_served) == (480, 4)
    assert row.window.items == ["item-1"]
    assert row.window.community == "branch-1"


def test_a_month_is_told_up_to_its_end_and_one_to_come_not_at_all(board: Look) -> None:  # noqa: F811
    paper = serving(rostered(shifts=(shift(),)))

    for month, open_minutes, uncovered in (
        ("2026-02", 0, 0),
        ("2026-03", 22 * 480 - 61, 22 * 240),
        ("2026-04", 480, 480),
        ("2026-05", 0, 0),
    ):
        page = shown_windows(board, paper, on(4, 2, 0), month=month)
        (row,) = page.windows
        assert page.month == month
        assert (row.manned.open_minutes, row.uncovered.numerator) == (open_minutes, uncovered)
    assert shown_windows(board, paper, on(3, 31, 23, 59)).month == "2026-03"
    assert shown_windows(board, paper, on(4, 1, 0)).month == "2026-04"


def test_bookings_are_counted_by_what_became_of_them(board: Look) -> None:  # noqa: F811
    paper = serving(
        *(
            booked(on(3, 3, hour), on(3, 3, hour, 30), booking=f"booking-{hour}")
            for hour in (8, 9, 10, 11)
        ),
        closed(booking="booking-11"),
    )
    paper.at = on(3, 3, 12)
    paper.accept(closed(BookingOutcome.KEPT, booking="booking-8"))
    paper.accept(closed(BookingOutcome.MISSED, booking="booking-9"))

    (row,) = shown_windows(board, paper, on(3, 3, 12)).windows

    of = row.window
    assert (of.bookings, of.kept, of.missed, of.cancelled) == (4, 1, 1, 1)


# Promises


def shown_items(board: Look, paper: PaperLedger, at: datetime) -> dict[str, Figures | None]:  # noqa: F811
    page: ItemsPage = board(paper, partial(windows_reading.items, at=at))
    return {one.item.item: one.figures for one in page.items}


def several(paper: PaperLedger, count: int = 5) -> list[dict[str, Any]]:
    """So many applications of that Monday, at nine."""
    of: list[dict[str, Any]] = [{"application": f"application-{one}"} for one in range(count)]
    paper.accept(*(filed(**one) for one in of))
    return of


def test_of_few_applications_nothing_is_shown(board: Look) -> None:  # noqa: F811
    paper = serving(published(item="item-2"), prechecked(application="application-9"))
    several(paper, 4)

    assert shown_items(board, paper, on(3, 2, 10)) == {"item-1": None, "item-2": None}


def test_on_time_is_counted_over_what_is_decided_and_what_is_overdue(board: Look) -> None:  # noqa: F811
    """Three working days from Monday, 2 March: until Thursday at six in the afternoon."""
    paper = serving()
    first, second, *_ = several(paper)
    paper.at = on(3, 5, 18) - timedelta(seconds=3)
    paper.accept(decided(**first))
    paper.at = on(3, 5, 18)
    paper.accept(decided(is_granted=False, reason="…", **second), signed(**first))

    for at, in_time, denominator, overdue in (
        (on(3, 5, 18), 1, 2, 0),
        (on(3, 5, 18, 1), 1, 5, 3),
    ):
        figures = shown_items(board, paper, at)["item-1"]
        assert figures is not None
        assert (figures.filed, figures.decided, figures.overdue) == (5, 2, overdue)
        assert (figures.on_time.numerator, figures.on_time.denominator) == (in_time, denominator)
        assert figures.beyond_statutory == 0
        assert figures.elapsed.median_minutes == 3 * 1440 + 9 * 60 - 1


def test_a_promise_stands_still_from_when_something_is_asked_for_until_all_has_come(
    board: Look,  # noqa: F811
) -> None:
    """From Tuesday at nine to Friday at nine: three working days more, until Tuesday at six."""
    paper = serving()
    first, second, *_ = several(paper)
    paper.at = on(3, 3, 9) - timedelta(seconds=1)
    paper.accept(asked("lease", "identity-card", **first))
    paper.accept(asked(**second))
    paper.at = on(3, 4, 9)
    paper.accept(received("identity-card", **first))
    paper.at = on(3, 6, 9) - timedelta(seconds=1)
    paper.accept(received("lease", **first))

    at_six = shown_items(board, paper, on(3, 10, 18))["item-1"]
    after_six = shown_items(board, paper, on(3, 10, 18, 1))["item-1"]

    # The others are overdue; the second still waits for its lease, and so is not.
    assert at_six is not None
    assert after_six is not None
    assert (at_six.overdue, at_six.waiting, at_six.supplemented) == (3, 1, 2)
    assert (after_six.overdue, after_six.waiting) == (4, 1)


def test_the_laws_limit_is_counted_beside_the_promise(board: Look) -> None:  # noqa: F811
    paper = serving(published(statutory=days(4)))
    several(paper)

    for at, overdue, beyond in ((on(3, 6, 18), 5, 0), (on(3, 6, 18, 1), 5, 5)):
        figures = shown_items(board, paper, at)["item-1"]
        assert figures is not None
        assert (figures.overdue, figures.beyond_statutory) == (overdue, beyond)


def test_an_application_keeps_the_promise_under_which_it_was_filed(board: Look) -> None:  # noqa: F811
    paper = serving()
    several(paper)
    paper.accept(published(promise=days(1)))

    figures = shown_items(board, paper, on(3, 5, 18))["item-1"]

    assert figures is not None
    assert figures.overdue == 0


def test_the_views_are_the_same_rebuilt_and_followed(
    postgres_url: str, postgres_store: PostgresStore, schema: str
) -> None:
    prepare(postgres_url, schema)
    paper = serving(rostered(), covered(), off_hours(), booked(), closed(), opened(window="w-2"))
    several(paper)
    paper.accept(asked(application="application-0"), pack())
    paper.accept(received(application="application-0"), decided(application="application-0"))

    for fill in FILLS:
        fill(stored(paper), postgres_url, schema)
        same_as_folded(postgres_url, schema, paper.history)


def stored(paper: PaperLedger) -> MemoryStore:
    """The store of a ledger on paper."""
    store = MemoryStore()
    store.events = [
        StoredEvent(one.position, one.kind, one.tags, record, leaf_hash(record))
        for one, record in zip(paper.history, paper.records, strict=True)
    ]
    return store


# On a real server


def test_the_demonstrations_items_tell_how_their_promises_were_kept(server: Server) -> None:
    items = server.get("/v1/service-items").json()["items"]

    (found,) = [one for one in items if one["item"]["item"] == "item-residence-proof"]
    (few,) = [one for one in items if one["item"]["item"] == "item-old-age-card"]
    figures = found["figures"]
    assert (found["item"]["promise_amount"], found["item"]["statutory_amount"]) == (3, 10)
    assert (figures["filed"], figures["decided"], figures["waiting"]) == (8, 6, 1)
    assert figures["on_time"]["denominator"] == figures["decided"] + figures["overdue"]
    assert few["figures"] is None


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/service-items", "居住证明"),
        ("/service-items?community=branch-riverside", "不列"),
        ("/service-items/item-residence-proof", "工作日 08:00–12:00，14:00–18:00"),
        ("/service-items/item-old-age-card", "收件不足五件"),
        ("/windows", "综合窗口"),
        ("/windows?month=2026-01", "2026-01"),
    ],
)
def test_each_has_a_page(server: Server, path: str, shown: str) -> None:
    answer = server.get(path, Accept=HTML)

    assert answer.status_code == 200
    assert shown in answer.text


def test_a_part_is_asked_for_by_community(server: Server) -> None:
    for path, name in (("/v1/windows", "windows"), ("/v1/service-items", "items")):
        assert server.get(f"{path}?community=branch-oldtown").json()[name] == []


@pytest.mark.parametrize(
    ("path", "status", "rule"),
    [
        ("/v1/service-items/nowhere", 404, "unknown_service_item"),
        ("/v1/windows?month=9999-12", 422, "invalid_parameter"),
        ("/v1/windows?month=2026-13", 422, "invalid_parameter"),
        ("/v1/service-items?unheard_of=1", 422, "unknown_parameter"),
    ],
)
def test_what_is_not_there_is_a_typed_problem(
    server: Server, path: str, status: int, rule: str
) -> None:
    answer = server.get(path)

    assert answer.status_code == status
    assert answer.json()["rule"] == rule


def test_a_resident_applies_through_a_channel_and_nobody_signs_for_another(server: Server) -> None:
    application, requester = f"application-{uuid4()}"[:64], str(uuid4())
    body = {
        "application": application, "item": "item-old-age-card",
        "community": "committee-riverside", "requester": requester,
    }  # fmt: skip
    signature = {"kind": "application_signed", "body": {"application": application}}

    given = server.post("resident-channel", {"kind": "application_filed", "body": body})
    foreign = server.post("resident-channel", {**signature, "resident": str(uuid4())})
    early = server.post("resident-channel", {**signature, "resident": requester})

    assert (given.status_code, foreign.status_code, early.status_code) == (201, 403, 409)
    assert foreign.json()["rule"] == "not_the_requester"
    assert early.json()["rule"] == "out_of_order"


@pytest.mark.parametrize(
    ("kind", "body", "rule"),
    [
        ("booking_made", {"starts_at": "9999-12-31T23:00:00Z", "ends_at": "9999-12-31T23:30:00Z"},
         "too_far_from_now"),
        ("booking_made", {"starts_at": "0001-01-01T00:00:00Z", "ends_at": "9999-12-31T23:59:59Z"},
         "no_such_length"),
        ("off_hours_served", {"starts_at": "0001-01-01T00:00:00Z",
                              "ends_at": "0001-01-01T01:00:00Z", "people_served": 1},
         "too_far_from_now"),
        ("duty_covered", {"starts_at": "9999-12-31T22:00:00Z", "ends_at": "9999-12-31T23:59:59Z",
                          "absent": "nobody"}, "too_far_from_now"),
    ],
)  # fmt: skip
def test_the_ends_of_time_are_refused_and_never_an_error(
    server: Server, kind: str, body: dict[str, Any], rule: str
) -> None:
    given = {"window": "window-riverside-1", **body}
    if kind == "booking_made":
        given |= {"community": "committee-riverside"}

    answer = server.post("committee-clerk", {"kind": kind, "body": given})

    assert (answer.status_code, answer.json()["rule"]) == (422, rule)


def test_the_month_of_the_answer_is_that_of_shanghai(server: Server) -> None:
    page = server.get("/v1/windows").json()

    at = datetime.fromisoformat(page["as_of"]["at"]).astimezone(UTC) + timedelta(hours=8)
    assert page["month"] == f"{at:%Y-%m}"
