"""Whether the server lives, whether it can serve, and what it counts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import contract, problems
from api.problems import Problem
from api.running import Running
from api.signed import Signatures
from ledger.canonical import instant
from ledger.store.contract import StoreDown
from ledger.store.migrations import SchemaMismatch
from projections import reading
from projections.reading import ProjectionStatus


class Health:
    """The three routes that machines ask."""

    def __init__(self, running: Running, signatures: Signatures) -> None:
        self._store = running.store
        self._readers = running.board_readers
        self._live = running.live
        self._timekeeper = running.timekeeper
        self._eraser = running.eraser
        self._names = running.names
        self._signatures = signatures
        access = running.access
        self._access = access
        self._access_signatures = Signatures(access.store, access.notary, running.policy)

    def add_to(self, router: APIRouter) -> None:
        """Adds GET /healthz, /readyz and /metrics."""
        for path, endpoint in (("/healthz", self.alive), ("/readyz", self.ready)):
            router.add_api_route(path, endpoint, methods=["GET"], responses=contract.PROBLEMS)
        router.add_api_route(
            "/metrics",
            self.metrics,
            methods=["GET"],
            response_class=Response,
            responses={200: {"content": {"text/plain": {}}}},
        )

    async def alive(self) -> dict[str, str]:
        """Always 200 while the process serves, whatever the database does."""
        return {"status": "alive"}

    async def ready(self) -> dict[str, Any]:
        """200 with the position of the log and of each projection, or 503 with what is wrong.

        A projection that has stopped is named with the event and the error that stopped it; all
        else goes on, so that the answer stays 200 and says `degraded`.
        """
        try:
            position = await run_in_threadpool(self._store.size)
            signed = await self._signatures.last()
            async with self._readers.connection() as connection:
                found = await reading.status(connection)
        except Exception as error:
            problem = problems.of(error)
            if problem.status != 503:
                raise
            raise Problem(
                503,
                problem.rule,
                problem.detail,
                "the same again once it is mended; nothing that was acknowledged is lost",
                headers=problem.headers,
                cause=" ".join(str(error).split())[:300],
                trouble=self._live.trouble,
            ) from error
        access = await self._access_log()
        stopped = (
            any(one.error is not None for one in found)
            or signed.trouble is not None
            or "trouble" in access
            or self._live.unpublished is not None
        )
        ready: dict[str, Any] = {
            "status": "degraded" if stopped else "ready",
            "position": position,
            "projections": {one.name: _standing(one, position) for one in found},
            "checkpoint": signed.document(position),
            "access_log": access,
        }
        if self._names.trouble is not None:
            ready["shown_names"] = self._names.trouble
        if self._eraser.trouble is not None:
            ready["eraser"] = self._eraser.trouble
        if self._live.unpublished is not None:
            ready["publication"] = self._live.unpublished
        if self._timekeeper.trouble is not None:
            ready["timekeeper"] = self._timekeeper.trouble
        return ready

    async def _access_log(self) -> dict[str, Any]:
        """How far it is, or why nobody can read sealed data: all else goes on without it."""
        try:
            position = await run_in_threadpool(self._access.store.size)
            signed = await self._access_signatures.last()
        except (StoreDown, SchemaMismatch) as error:
            return {"trouble": " ".join(str(error).split())[:300]}
        document = {"position": position, "checkpoint": signed.document(position)}
        trouble = signed.trouble or self._access.days.trouble
        return document if trouble is None else {**document, "trouble": trouble}

    async def metrics(self) -> Response:
        """The text format of Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _standing(status: ProjectionStatus, position: int) -> dict[str, Any]:
    standing: dict[str, Any] = {
        "position": status.position,
        "lag": max(0, position - status.position),
        "version": status.version,
        "generation": status.generation,
    }
    if status.recorded_at is not None:
        standing["recorded_at"] = instant(status.recorded_at)
    if status.error is not None:
        standing["error"] = status.error
        standing["failed_position"] = status.failed_position
    return standing
