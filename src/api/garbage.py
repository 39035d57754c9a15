"""How often Python looks for cycles of garbage in a process that keeps a ledger."""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (200_000, 50, 1_000)
"""Allocations before the youngest are looked through, and rounds before the older ones are."""


def collect_seldom() -> None:
    """Looks for cycles seldom, from now on.

    The states that the ledger keeps are some hundred thousand frozen tuples, which can hold no
    cycle and are freed by their counts; walking them again and again took a quarter of an import.
    """
    gc.set_threshold(*THRESHOLDS)
