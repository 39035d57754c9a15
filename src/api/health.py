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
from ledger.canonical import instant
from ledger.store import checkpoints
from ledger.store.checkpoints import Published
from ledger.tlog.cosignature import verifier_for
from ledger.tlog.policy import Policy
from projections import reading
from projections.reading import ProjectionStatus


class Health:
    """The three routes that machines ask."""

    def __init__(self, running: Running) -> None:
        self._store = running.store
        self._readers = running.board_readers
        self._live = running.live
        self._timekeeper = running.timekeeper
        self._notary = running.notary
        self._policy = running.policy

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
            checkpoint = await run_in_threadpool(self._store.reading, checkpoints.latest)
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
        stopped = any(one.error is not None for one in found) or self._notary.trouble is not None
        ready: dict[str, Any] = {
            "status": "degraded" if stopped else "ready",
            "position": position,
            "projections": {one.name: _standing(one, position) for one in found},
            "checkpoint": self._signed(checkpoint, position),
        }
        if self._timekeeper.trouble is not None:
            ready["timekeeper"] = self._timekeeper.trouble
        return ready

    def _signed(self, last: Published | None, position: int) -> dict[str, Any]:
        """How far the log is signed, and what stands in the way."""
        signed: dict[str, Any] = {"size": 0, "lag": position}
        if last is not None:
            signed = {
                "size": last.size,
                "lag": max(0, position - last.size),
                "signed_at": instant(last.signed_at),
                "signatures": [one.name for one in last.note.signatures],
            }
            if self._policy is not None:
                signed["quorum"] = _has_quorum(self._policy, last)
        if self._notary.trouble is not None:
            signed["trouble"] = self._notary.trouble
        if self._notary.failures:
            signed["witnesses"] = self._notary.failures
        return signed

    async def metrics(self) -> Response:
        """The text format of Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _has_quorum(policy: Policy, last: Published) -> bool:
    """Whether enough witnesses have cosigned by now."""
    verifiers = [verifier_for(witness.key) for witness in policy.witnesses]
    return policy.satisfied_by(last.note.signed_by(verifiers))


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
