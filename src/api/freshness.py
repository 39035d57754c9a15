"""`?min_position=N`: a writer waits, in bounds, until the views show what it wrote."""

from __future__ import annotations

import asyncio
import time

from api.problems import Problem
from api.readers import Readers
from ledger.refusals import Busy
from projections import reading

FIRST_PAUSE_SECONDS = 0.01
LAST_PAUSE_SECONDS = 0.25
MAX_WAITING = 200
"""More waiters than this are sent away: each asks the database again and again."""


class Freshness:
    """Waits for projections."""

    def __init__(self, readers: Readers, patience_seconds: float) -> None:
        self._readers = readers
        self._patience_seconds = patience_seconds
        self._waiting = 0

    async def reach(self, min_position: int, *names: str) -> None:
        """Returns once all the named projections show the log up to the position.

        Raises a `Problem` of 503 when that takes too long, `Busy` when too many wait.
        """
        if min_position == 0 or await self._position(names) >= min_position:
            return
        if self._waiting >= MAX_WAITING:
            raise Busy
        self._waiting += 1
        try:
            await self._wait(min_position, names)
        finally:
            self._waiting -= 1

    async def _wait(self, min_position: int, names: tuple[str, ...]) -> None:
        deadline = time.monotonic() + self._patience_seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause)
            position = await self._position(names)
            if position >= min_position:
                return
            if time.monotonic() > deadline:
                raise Problem(
                    503,
                    "position_not_reached",
                    f"this view shows the log up to position {position}, not {min_position}",
                    "the same again, or without min_position",
                    headers={"Retry-After": "1"},
                    field="min_position",
                    position=position,
                )
            pause = min(pause * 2, LAST_PAUSE_SECONDS)

    async def _position(self, names: tuple[str, ...]) -> int:
        async with self._readers.connection() as connection:
            return await reading.position(connection, *names)
