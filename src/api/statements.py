"""Statements: figures with all that is needed to compute them again from the log.

A statement names the log's size and root, the projections with their versions and the digest of
their rows, the rule packs, and the time that is judged. `mingzhang verify figure` folds the same
log again and compares, so that "no case was left out" can be checked, not only "this one is in".
What is made of requests is stated as it was published last, and the digest is of the publication.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem
from fastapi import APIRouter
from psycopg import AsyncConnection
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import contract
from api.disclosed import DISCLOSURES, Disclosure
from api.freshness import Freshness
from api.problems import Problem
from api.queries import Fresh
from api.readers import Readers
from api.transparency import Proofs
from ledger import catalogue
from ledger.canonical import canonical_document
from ledger.domain.rules.rules import RulesEnacted
from ledger.store.contract import Log, Store
from ledger.tlog.note import encode_base64
from projections import published_reading, reading
from projections.digest import FORMAT as ROWS_FORMAT
from projections.digest import stored_digest
from projections.projection import Projection
from projections.tables import plain_tables

FORMAT: Final = "mingzhang-statement/2"
MEDIA_TYPE: Final = "application/json"
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.1
MAX_KEPT_DIGESTS = 64
MAX_WAITING = 16
_PACKS = DCBQuery(items=[DCBQueryItem(types=[RulesEnacted.kind])])
_STANDING = "select version, generation, position from projection where name = %s"


class Statements:
    """The routes and what they need."""

    def __init__(
        self, store: Store, readers: Readers, freshness: Freshness, proofs: Proofs
    ) -> None:
        self._store = store
        self._readers = readers
        self._freshness = freshness
        self._proofs = proofs
        self._digests: dict[tuple[str, int, int, int], str] = {}
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0

    def add_to(self, router: APIRouter) -> None:
        """Adds GET /v1/statements/{disclosure}."""
        router.add_api_route(
            "/v1/statements/{disclosure}",
            self.get,
            methods=["GET"],
            summary="Read figures with what it takes to compute them again",
            response_class=Response,
            responses={200: {"content": {MEDIA_TYPE: {}}}, **contract.PROBLEMS},
        )

    async def get(self, request: Request, disclosure: str) -> Response:
        """The figures of a disclosure (project, process, evaluation, funds, donations or rankings),
        with size and root of the log, the digest of the rows behind them, and a proof to the
        checkpoint.

        Takes the parameters of that disclosure. The bytes are RFC 8785 canonical JSON.
        """
        found = DISCLOSURES.get(disclosure)
        if found is None:
            raise Problem(
                404,
                "unknown_disclosure",
                f"there is no disclosure {disclosure[:50]!r}",
                f"one of {', '.join(DISCLOSURES)}",
                field="disclosure",
            )
        query = _query(found, request)
        if found.is_published:
            statement = await self._published(found, query)
        else:
            names = (one.name for one in found.projections)
            await self._freshness.reach(query.min_position, *names)
            statement = await self._stated(found, query)
        statement |= {
            "format": FORMAT,
            "rows_format": ROWS_FORMAT,
            "disclosure": disclosure,
            "query": query.model_dump(mode="json", exclude_defaults=True, exclude={"min_position"}),
            **await self._anchored(statement["size"]),
        }
        name = f'attachment; filename="{disclosure}-{statement["size"]}.statement.json"'
        headers = {"Cache-Control": "no-cache", "Content-Disposition": name}
        return Response(canonical_document(statement), 200, headers, MEDIA_TYPE)

    async def _published(self, found: Disclosure, query: Fresh) -> dict[str, Any]:
        """The figures of the last publication, and the digest of all that it holds."""
        tables = ("document", "publication")
        async with self._readers.connection() as connection, reading.one_moment(connection, tables):
            figures = await found.read(connection, query, None)
            if figures["as_of"]["position"] == 0:
                raise Problem(
                    404, "empty_ledger", "nothing was in the ledger when it was published"
                )
            rows = await published_reading.last_digest(connection)
            projections = [
                {"name": one.name, "version": (await _standing(connection, one))[0], "rows": rows}
                for one in found.projections
            ]
        as_of = figures["as_of"]
        return {
            "size": as_of["position"],
            "at": as_of["at"],
            "projections": projections,
            "figures": figures,
        }

    async def _stated(self, found: Disclosure, query: Fresh) -> dict[str, Any]:
        """Figures and digests of one moment at which all projections show the same log."""
        tables = [name for one in found.projections for name in plain_tables(one)]
        # A digest reads every row behind a figure: one is taken at a time, and few may wait.
        if self._waiting >= MAX_WAITING:
            raise Problem(
                503,
                "too_many_statements",
                "others are waiting for statements already",
                "the same again in a moment",
                headers={"Retry-After": "5"},
            )
        self._waiting += 1
        try:
            return await self._at_one_moment(found, query, tables)
        finally:
            self._waiting -= 1

    async def _at_one_moment(
        self, found: Disclosure, query: Fresh, tables: list[str]
    ) -> dict[str, Any]:
        async with self._one_at_a_time, self._readers.connection() as connection:
            for _ in range(_ATTEMPTS):
                async with reading.one_moment(connection, tables):
                    stood = [await _standing(connection, one) for one in found.projections]
                    positions = {position for _, _, position in stood}
                    if positions == {0} and await run_in_threadpool(self._store.size) == 0:
                        raise Problem(404, "empty_ledger", "the ledger has no events yet")
                    if len(positions) == 1 and positions != {0}:
                        figures = await found.read(connection, query, None)
                        projections = [
                            await self._described(connection, one, at)
                            for one, at in zip(found.projections, stood, strict=True)
                        ]
                        return {
                            "size": positions.pop(),
                            "at": figures["as_of"]["at"],
                            "projections": projections,
                            "figures": figures,
                        }
                await asyncio.sleep(_PAUSE_SECONDS)
        raise Problem(
            503,
            "views_apart",
            "the views behind these figures do not show the same log just now",
            "the same again in a moment",
            headers={"Retry-After": "2"},
        )

    async def _described(
        self, connection: AsyncConnection[Any], projection: Projection, stood: tuple[int, int, int]
    ) -> dict[str, Any]:
        place = (projection.name, *stood)
        if place not in self._digests:
            if len(self._digests) >= MAX_KEPT_DIGESTS:
                self._digests.clear()
            self._digests[place] = await stored_digest(connection, projection)
        return {
            "name": projection.name,
            "version": stood[0],
            "rows": self._digests[place],
        }

    async def _anchored(self, size: int) -> dict[str, Any]:
        """Where the log of this size stands in the newest checkpoint."""
        root, published, proof = await self._proofs.anchor(size)
        return {
            "origin": published.note.text.partition("\n")[0],
            "root": encode_base64(root),
            "checkpoint": published.note.to_bytes().decode(),
            "consistency": [encode_base64(one) for one in proof],
            "rule_packs": await run_in_threadpool(packs_of, self._store, size),
        }


def packs_of(store: Log, size: int) -> list[dict[str, Any]]:
    """The packs of rules enacted in the first `size` events: version and position of each."""
    packs = []
    for stored in store.read(_PACKS, until=size):
        pack = catalogue.decode(stored.position, stored.record).event
        assert isinstance(pack, RulesEnacted)  # the query asks for no other kind
        packs.append({"version": pack.pack_version, "position": stored.position})
    return packs


def _query(found: Disclosure, request: Request) -> Fresh:
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise Problem(422, "parameter_given_twice", f"{name} is given twice", field=name)
        given[name] = value
    try:
        return found.query.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        rule = "unknown_parameter" if first["type"] == "extra_forbidden" else "invalid_parameter"
        raise Problem(422, rule, f"query.{field}: {first['msg']}", field=field) from error


async def _standing(
    connection: AsyncConnection[Any], projection: Projection
) -> tuple[int, int, int]:
    row = await (await connection.execute(_STANDING, [projection.name])).fetchone()
    if row is None:
        raise reading.NotPrepared(f"projection {projection.name} is not in the database")
    return row[0], row[1], row[2]
