"""Runs independent pieces of work in processes of their own, and hands on results in order."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

IN_FLIGHT_EACH = 3
"""How many pieces a worker has at hand or finished and not yet fetched: bounds the memory."""

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Piece], Result], pieces: Iterable[Piece], workers: int
) -> Generator[Result, None, None]:
    """`work` of each piece, in this process where there would be one worker alone; to be closed.

    Processes are spawned, never forked: a fork would share the connections of its parent.
    """
    if workers < 2:
        yield from map(work, pieces)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _leave_interrupts)
    waiting: deque[Future[Result]] = deque()
    try:
        for piece in pieces:
            waiting.append(pool.submit(work, piece))
            if len(waiting) >= workers * IN_FLIGHT_EACH:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    """Ctrl-C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
