"""GET /v1/explain and /v1/diff: where a row comes from, what it was, and what changed between."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import contract
from api.auth import Keyring, Scope
from api.moments import moment
from api.problems import Problem
from ledger.event import Recorded
from ledger.store.contract import Store
from projections.all import ALL
from projections.history import (
    Difference,
    Step,
    Unanswerable,
    Until,
    differences,
    key_of,
    row_as_of,
    steps,
    view_of,
)
from projections.plain import plain
from projections.projection import WITHHELD_SUFFIX, Key, Projection, Rows

T = TypeVar("T")
MAX_STEPS = 1_000
MAX_DIFFERENCES = 1_000
MAX_FOLDED = 100_000
"""How many changes of one row are looked at."""
_VIEW = Annotated[str, Path(pattern=r"^[a-z_]{1,60}$", description="A view, by its table's name.")]
_KEY = Annotated[
    str,
    Path(max_length=300, description="The values of its key columns, joined by commas."),
]
AsOf = Annotated[str, StringConstraints(max_length=40, strip_whitespace=True)]
"""A position, a day in Shanghai (up to its end), or a time (RFC 3339)."""


class ExplainQuery(BaseModel):
    """Which column, and as of when."""

    model_config = ConfigDict(extra="forbid")

    column: Annotated[str, Field(max_length=60)] | None = None
    """Only the events that changed this column."""
    as_of: AsOf | None = None
    """As the board showed it then: what had been recorded."""
    known_of: AsOf | None = None
    """As is known now of then: what is claimed to have happened."""
    after: Annotated[int, Field(ge=0)] = 0
    """Only events behind this position."""
    limit: Annotated[int, Field(ge=1, le=MAX_STEPS)] = 200


class DiffQuery(BaseModel):
    """Between which moments, and of which views (none named: all)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    earlier: Annotated[AsOf, Field(alias="from")]
    later: Annotated[AsOf | None, Field(alias="to")] = None
    """The head of the log, unless another moment is named."""
    view: Annotated[list[str], Field(max_length=50)] = []
    limit: Annotated[int, Field(ge=1, le=MAX_DIFFERENCES)] = 200


class History:
    """The routes and what they need."""

    def __init__(self, store: Store, keyring: Keyring) -> None:
        self._store = store
        self._keyring = keyring

    def add_to(self, router: APIRouter) -> None:
        """Adds GET /v1/explain/{view}/{key} and /v1/diff."""
        for path, endpoint in (
            ("/v1/explain/{view}/{key}", self.explain),
            ("/v1/diff", self.diff),
        ):
            router.add_api_route(
                path,
                endpoint,
                methods=["GET"],
                response_class=Response,
                responses={200: {"content": {"application/json": {}}}, **contract.PROBLEMS},
            )

    async def explain(
        self, request: Request, view: _VIEW, key: _KEY, query: Annotated[ExplainQuery, Query()]
    ) -> Response:
        """The events that made a row, in order, with what each changed; the value as of any moment.

        What is made of requests, and rows and columns that the public does not see, need a key of
        scope `audit`.
        """
        projection, rows = _answerable(lambda: view_of(view))
        audited = request.headers.get("authorization") is not None
        if rows.published or audited:
            await self._keyring.principal(request, Scope.AUDIT)
        values = _answerable(lambda: key_of(rows, key.split(",")))
        if query.column is not None and query.column not in _shown(rows, audited):
            raise _wrong(f"{view} has no column {query.column}", "column", _shown(rows, audited))

        def made() -> tuple[Until, list[Step]]:
            until = _answerable(lambda: moment(self._store, query.as_of, query.known_of))
            return until, _told(self._store, rows, values, until, audited)

        until, found = await run_in_threadpool(made)
        if not found:
            raise Problem(
                404, "unknown_row", f"{view} had no row {key} then", "a row that is shown",
                field="key",
            )  # fmt: skip
        row = found[-1].after
        wanted = _shown(rows, audited)
        listed = [
            one
            for one in found
            if one.recorded.position > query.after and _changes(one, wanted, query.column)
        ]
        page = listed[: query.limit]
        return _json(
            {
                "projection": projection.name,
                "version": projection.version,
                "view": view,
                "key": list(values),
                "as_of": {"position": until.position, "occurred_at": until.occurred_at},
                "row": _columns(row, wanted),
                "steps": [
                    {**_event(one.recorded), "changed": _changes(one, wanted, query.column)}
                    for one in page
                ],
                "next": page[-1].recorded.position if len(page) < len(listed) else None,
            }
        )

    async def diff(self, request: Request, query: Annotated[DiffQuery, Query()]) -> Response:
        """The rows that two moments show differently, and the events that changed them.

        Needs a key of scope `audit`: it folds the log up to the later moment.
        """
        await self._keyring.principal(request, Scope.AUDIT)
        named = _answerable(lambda: [view_of(name) for name in query.view])
        chosen = tuple(dict.fromkeys(one for one, _ in named)) or ALL

        def made() -> tuple[Until, Until, list[Difference]]:
            earlier = _answerable(lambda: moment(self._store, query.earlier, None, "from"))
            later = _answerable(lambda: moment(self._store, query.later, None, "to"))
            if earlier.position > later.position:
                raise _wrong("`from` lies behind `to`", "from", ["an earlier moment"])
            return earlier, later, _between(self._store, chosen, earlier, later, query)

        earlier, later, found = await run_in_threadpool(made)
        return _json(
            {
                "from": {"position": earlier.position},
                "to": {"position": later.position},
                "differences": [_difference(one) for one in found[: query.limit]],
                "is_complete": len(found) <= query.limit,
            }
        )


def _between(
    store: Store,
    chosen: tuple[Projection, ...],
    earlier: Until,
    later: Until,
    query: DiffQuery,
) -> list[Difference]:
    found: list[Difference] = []
    for projection in chosen:
        of_one = differences(store, projection, earlier, later)
        wanted = (one for one in of_one if not query.view or one.view in query.view)
        found += islice(wanted, query.limit + 1 - len(found))
    return found


def _told(store: Store, rows: Rows[Any], key: Key, until: Until, audited: bool) -> list[Step]:
    """What an asker may know of a row's making: to the public a row is not there while it is
    withheld, and nothing of it was ever there once it is."""
    found = list(islice(steps(store, rows, key, until), MAX_FOLDED))
    if audited or not found:
        return found
    now = row_as_of(store, rows, key, Until(store.size()))
    public = [
        one._replace(before=_unwithheld(rows, one.before), after=_unwithheld(rows, one.after))
        for one in found
    ]
    if _unwithheld(rows, now) is None or public[-1].after is None:
        return []
    return [one for one in public if one.before != one.after]


def _unwithheld(rows: Rows[Any], row: Any) -> Any:
    return None if (rows.table_of(row) or "").endswith(WITHHELD_SUFFIX) else row


def _difference(one: Difference) -> dict[str, Any]:
    before, after = plain(one.before), plain(one.after)
    row = after or before
    return {
        "view": one.view,
        "key": list(one.key),
        "changed": {
            name: [before and before[name], after and after[name]]
            for name in row
            if (before and before[name]) != (after and after[name])
        },
        "positions": one.positions,
    }


def _shown(rows: Rows[Any], audited: bool) -> list[str]:
    return [one.name for one in rows.columns if audited or one.name not in rows.hidden]


def _columns(row: Any, wanted: list[str]) -> dict[str, Any] | None:
    return None if row is None else {name: plain(getattr(row, name)) for name in wanted}


def _changes(step: Step, wanted: list[str], column: str | None) -> dict[str, list[Any]]:
    """Column -> its value before and after, of those that the event changed."""
    before, after = _columns(step.before, wanted), _columns(step.after, wanted)
    names = wanted if column is None else [column]
    return {
        name: [before and before[name], after and after[name]]
        for name in names
        if (before and before[name]) != (after and after[name])
    }


def _event(recorded: Recorded) -> dict[str, Any]:
    return {
        "position": recorded.position,
        "id": recorded.id,
        "kind": recorded.kind,
        "term": recorded.event.term,
        "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at,
        "proof": f"/v1/events/{recorded.position}/proof",
    }


def _answerable(asked: Callable[[], T]) -> T:
    try:
        return asked()
    except Unanswerable as error:
        raise Problem(404, "unanswerable", str(error), "what the answer names") from error


def _wrong(reason: str, field: str, accepted: list[str]) -> Problem:
    return Problem(422, "wrong_value", reason, ", ".join(accepted), field=field)


def _json(document: dict[str, Any]) -> Response:
    content = orjson.dumps(plain(document))
    return Response(content, 200, {"Cache-Control": "no-store"}, "application/json")
