"""The first page: disclosures, archive and rankings as plain Chinese HTML, without a script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from api import labels
from api.freshness import Freshness
from api.links import cases_url
from api.problems import Problem
from api.published import list_cases, list_judged, read_document, shown
from api.queries import (
    CasesQuery,
    DeedsQuery,
    DonationsQuery,
    EvaluationQuery,
    Fresh,
    Id,
    JudgedQuery,
    PointsQuery,
    ProcessQuery,
    RewardsQuery,
    SummonsQuery,
)
from api.readers import Readers
from api.signed import Signatures
from projections import (
    deeds_reading,
    donations_reading,
    funds_reading,
    honours_reading,
    periods_reading,
    points_reading,
    process_reading,
    project_reading,
    published_reading,
    rewards_reading,
    whistle_reading,
)
from projections.deeds_reading import Which
from projections.project_reading import ProjectDisclosure
from projections.reading import AsOf

_HERE = Path(__file__).parent
MAIN_STAGES = frozenset(
    ("filed", "accepted", "dispatched", "in_hand", "answered", "answer_accepted", "cleared")
)
"""Stages that are shown even where no case stands there."""
MANY_COMMUNITIES = 12
"""Beyond so many their table is folded up, or nobody would reach what comes after it."""
LATEST_CASES = 12
MAX_DIGITS = 15
"""Of the number of a listed case."""
LATEST_WHISTLES = 8
LATEST_DEEDS = 12
LATEST_DONATIONS = 6
RANKED = 20
LATEST_PERIODS = 4
LATEST_HONOURS = 5
HEADERS = {
    # Nothing from anywhere else, no script, no inline style; nobody may frame the page.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_APOLOGIES = {
    404: ("没有这个页面", "这里没有您要找的内容，或者它不对外公开。"),
    403: ("这里只按一个方面公布", "同时按几个方面查，人数少，容易认出是谁。请只选一个方面。"),
    422: ("这个地址写得不对", "请从首页重新进入。"),
    503: ("账本暂时读不到", "已经记下的内容不会丢失，恢复后会自动显示。请稍后再试。"),
}
_APOLOGY = ("页面暂时打不开", "问题已记录，请稍后再试。")


class Board:
    """The pages and what they need."""

    def __init__(
        self,
        public: Readers,
        board: Readers,
        freshness: Freshness,
        signatures: Signatures,
        name_of: Callable[[str], str | None],
    ) -> None:
        self._name_of = name_of
        self._readers = public
        self._board = board
        self._signatures = signatures
        self._freshness = freshness
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        terms: dict[str, Callable[..., str]] = {
            "term": labels.term,
            "moment": labels.moment,
            "day": labels.day,
            "date": labels.date,
            "days": labels.days,
            "yuan": labels.yuan,
            "percent": labels.percent,
            "minutes": labels.minutes,
            "per_hundred": labels.per_hundred,
            "behind": cases_url,
        }
        self._templates.globals.update(
            terms,
            categories=tuple(labels.TERMS["category"].items()),
            stages=tuple(labels.TERMS["stage"].items()),
            main_stages=MAIN_STAGES,
            many=MANY_COMMUNITIES,
        )

    def add_to(self, router: APIRouter) -> None:
        """Adds the pages and their style sheet."""
        for path, endpoint in (
            ("/", self.home),
            ("/cases", self.cases),
            ("/cases/{number}", self.case),
            ("/summons", self.summons),
            ("/judged", self.judged),
            ("/points", self.find_account),
            ("/points/{account}", self.points),
            ("/deeds", self.deeds),
            ("/deeds/{deed}", self.deed),
            ("/rewards", self.rewards),
            ("/donations", self.donations),
            ("/donations/{donation}", self.donation),
        ):
            router.add_api_route(
                path, endpoint, methods=["GET"], include_in_schema=False,
                response_class=HTMLResponse,
            )  # fmt: skip
        router.routes.append(Mount("/static", StaticFiles(directory=_HERE / "static")))

    async def home(self, query: Annotated[Fresh, Query()]) -> Response:
        """Everything at a glance."""
        await self._freshness.reach(query.min_position)
        async with self._readers.connection() as connection:
            project = await project_reading.project(connection)
            process = await read_document(connection, "process", ProcessQuery())
            evaluation = await read_document(connection, "evaluation", EvaluationQuery())
            return self._page(
                "home.html",
                signed=await self._signatures.last(),
                **_named(project),
                project=project,
                process=shown(process),
                published=published_reading.moment_of(process["as_of"]),
                cases=await published_reading.cases(connection, limit=LATEST_CASES),
                summons=await whistle_reading.summons(connection, limit=LATEST_WHISTLES),
                evaluation=shown(evaluation),
                deeds=await deeds_reading.deeds(
                    connection, which=Which.IN_PUBLICITY, limit=LATEST_DEEDS
                ),
                name_of=self._holder_of,
                funds=await funds_reading.funds(connection),
                donations=await donations_reading.donations(connection, limit=LATEST_DONATIONS),
                donor_of=self._donor_of,
                archive=await points_reading.points_totals(connection),
                rankings=await points_reading.rankings(connection, limit=RANKED),
                periods=await periods_reading.periods(connection, limit=LATEST_PERIODS),
                honours=await honours_reading.honours(connection, limit=LATEST_HONOURS),
            )

    async def cases(self, query: Annotated[CasesQuery, Query()]) -> Response:
        """The cases behind a figure of the process disclosure, page by page."""
        async with self._readers.connection() as connection:
            named = _named(await project_reading.project(connection))
            return self._page(
                "cases.html",
                **named,
                cases=await list_cases(connection, query),
                as_of_moment=await self._moment(connection),
                title=labels.term("case_figure", query.figure) if query.figure else "全部事项",
                within=_within(query, named["names"]),
                kept=_kept(query),
            )

    async def case(self, number: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One listed case: how far it is, in whose hands, and how long it took."""
        async with self._readers.connection() as connection:
            is_number = number.isdecimal() and len(number) <= MAX_DIGITS
            seen, found = await published_reading.case(connection, int(number) if is_number else 0)
            if found is None:
                raise Problem(404, "unknown_request", f"request {number} is not shown here")
            named = _named(await project_reading.project(connection))
            subject = named["subjects"].get(found.subject or "", found.subject or "事项")
            return self._page("case.html", **named, seen=seen, case=found, subject=subject)

    async def summons(self, query: Annotated[SummonsQuery, Query()]) -> Response:
        """The whistles, or those for a department, page by page."""
        await self._freshness.reach(query.min_position, whistle_reading.NAME)
        async with self._readers.connection() as connection:
            page = await whistle_reading.summons(
                connection, after=query.after, limit=query.limit, department=query.department
            )
            return self._page(
                "summons.html",
                page=page,
                names=await project_reading.names(connection),
                title="社区吹哨，部门报到",
                department=query.department,
                kept=_kept(query),
            )

    async def judged(self, query: Annotated[JudgedQuery, Query()]) -> Response:
        """The cases behind a figure of the evaluation disclosure, page by page."""
        async with self._readers.connection() as connection:
            named = _named(await project_reading.project(connection))
            return self._page(
                "judged.html",
                **named,
                judged=await list_judged(connection, query),
                as_of_moment=await self._moment(connection),
                title=labels.term("judged_figure", query.figure)
                if query.figure
                else "评价过的事项",
                within=_within(query, named["names"]),
                kept=_kept(query),
            )

    async def find_account(self, account: Id) -> Response:
        """Where the form that asks for an account leads."""
        return RedirectResponse(f"/points/{account}", 303, HEADERS)

    async def points(self, account: Id, query: Annotated[PointsQuery, Query()]) -> Response:
        """The archive of one account."""
        await self._freshness.reach(query.min_position, points_reading.ARCHIVE)
        async with self._readers.connection() as connection:
            found = await points_reading.points(
                connection, account, before=query.before, limit=query.limit
            )
            if found.account is None:
                raise Problem(404, "unknown_account", f"account {account} is not shown here")
            names = await project_reading.names(connection)
            holder = self._holder_of(account)
            return self._page("points.html", archive=found, names=names, holder=holder)

    async def deeds(self, query: Annotated[DeedsQuery, Query()]) -> Response:
        """Good deeds as they were shown, those shown last first."""
        await self._freshness.reach(query.min_position, deeds_reading.NAME)
        async with self._readers.connection() as connection:
            return self._page(
                "deeds.html",
                page=await deeds_reading.deeds(
                    connection, which=query.which, before=query.before, limit=query.limit
                ),
                names=await project_reading.names(connection),
                name_of=self._holder_of,
                title=labels.term("which_deeds", query.which) if query.which else "善行公示",
                kept=_kept(query),
            )

    async def deed(self, deed: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One good deed: its publicity, the objections to it and what it earned."""
        await self._freshness.reach(query.min_position, deeds_reading.NAME)
        async with self._readers.connection() as connection:
            record = await deeds_reading.deed(connection, deed)
            if record.deed is None:
                raise Problem(404, "unknown_deed", f"deed {deed} is not shown here")
            names = await project_reading.names(connection)
            holder = self._holder_of(record.deed.account)
            return self._page("deed.html", record=record, names=names, holder=holder)

    async def rewards(self, query: Annotated[RewardsQuery, Query()]) -> Response:
        """What points can be redeemed for."""
        await self._freshness.reach(query.min_position, rewards_reading.NAME)
        async with self._readers.connection() as connection:
            page = await rewards_reading.rewards(connection, organisation=query.organisation)
            names = await project_reading.names(connection)
            return self._page("rewards.html", page=page, names=names)

    async def donations(self, query: Annotated[DonationsQuery, Query()]) -> Response:
        """What was given, by purpose and one by one."""
        await self._freshness.reach(query.min_position, donations_reading.NAME)
        async with self._readers.connection() as connection:
            asked = query.model_dump(exclude={"min_position"})
            page = await donations_reading.donations(connection, **asked)
            named = await self._giving(connection)
        return self._page("donations.html", page=page, query=query, kept=_kept(query), **named)

    async def donation(self, donation: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One donation: what came, and what it was used for."""
        await self._freshness.reach(query.min_position, donations_reading.NAME)
        async with self._readers.connection() as connection:
            record = await donations_reading.donation(connection, donation)
            if record.donation is None:
                raise Problem(404, "unknown_donation", f"donation {donation} is not shown here")
            return self._page("donation.html", record=record, **await self._giving(connection))

    async def _giving(self, connection: AsyncConnection[Any]) -> dict[str, Any]:
        shelf = await rewards_reading.rewards(connection)
        rewards = {one.reward: one.name for one in shelf.rewards}
        names = await project_reading.names(connection)
        return {"names": names, "rewards": rewards, "donor_of": self._donor_of}

    def _donor_of(self, donation: str) -> str | None:
        """The name under which a donor agreed to be shown."""
        return self._name_of(f"donation:{donation}")

    def _holder_of(self, account: str) -> str | None:
        """The name under which an account's holder agreed to be shown."""
        return self._name_of(f"account:{account}")

    def page(self, template: str, **given: Any) -> Response:
        """A page of another module's, with the names and the rules of all pages."""
        return self._page(template, **given)

    async def receipt_page(self, request: str, headers: dict[str, str], **given: Any) -> Response:
        """The page of a resident's receipt, with the case as it is now: who has the link may see
        it, and nobody else has it."""
        async with self._board.connection() as connection:
            named = _named(await project_reading.project(connection))
            as_of, case = await process_reading.case(connection, request)
        page = self._templates.get_template("receipt.html").render(
            **named, **given, as_of=as_of, case=case
        )
        return HTMLResponse(page, 200, {**HEADERS, **headers})

    def who_looked_page(self, headers: dict[str, str], **shown: Any) -> Response:
        """The page of who looked at what a resident entrusted."""
        page = self._templates.get_template("who_looked.html").render(**shown)
        return HTMLResponse(page, 200, {**HEADERS, **headers})

    async def names(self) -> dict[str, str]:
        """The names of all organisations by their ids."""
        async with self._readers.connection() as connection:
            return await project_reading.names(connection)

    def apology(self, problem: Problem) -> Response:
        """The page in place of one that cannot be shown: what to do now, and never a trace."""
        title, advice = _APOLOGIES.get(problem.status, _APOLOGY)
        page = self._templates.get_template("apology.html").render(
            title=title, advice=advice, status=problem.status
        )
        headers = {**HEADERS, **problem.headers, "Cache-Control": "no-store"}
        return HTMLResponse(page, problem.status, headers)

    async def _moment(self, connection: AsyncConnection[Any]) -> AsOf:
        async with published_reading.publication(connection) as seen:
            return seen.as_of

    def _page(self, template: str, **given: Any) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(given), 200, HEADERS)


def wants_page(request: Request) -> bool:
    """Whether a person looks at it with a browser, rather than a program."""
    accept = request.headers.get("accept", "")
    return "text/html" in accept and not request.url.path.startswith("/v1/")


def _named(project: ProjectDisclosure) -> dict[str, dict[str, str]]:
    """The names of what other views name by code."""
    return {
        "names": {body.organisation: body.name for body in project.bodies},
        "subjects": {subject.code: subject.name for subject in project.subjects},
        # Each list has its own codes: one may stand for another reason in another.
        "exclusion_reasons": {
            reason.code: reason.name
            for reason in project.reasons
            if reason.list_name == "exclusion_reasons"
        },
    }


def _kept(
    query: ProcessQuery | EvaluationQuery | SummonsQuery | DeedsQuery | DonationsQuery,
) -> dict[str, Any]:
    """What the next page is to be asked for as well."""
    given = query.model_dump(mode="json")
    return {name: value for name, value in given.items()
            if value and name not in ("after", "before", "min_position")}  # fmt: skip


def _within(query: ProcessQuery | EvaluationQuery, names: dict[str, str]) -> list[str]:
    """In words, of which part of the disclosure the cases are."""
    given = _kept(query)
    said = [
        f"{label}：{names.get(given[name], given[name])}"
        for name, label in (("community", "社区"), ("lead", "牵头"), ("holder", "在手"))
        if name in given
    ]
    if "category" in given:
        said.append(f"类别：{labels.term('category', given['category'])}")
    if "stage" in given:
        said.append(f"环节：{labels.term('stage', given['stage'])}")
    if "period" in given:
        said.append(f"登记：{given['period']}")
    return said
