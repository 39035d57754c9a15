"""The import of the real cases, as `benchmarks.import_cases` measures it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.database import Database
from benchmarks.import_cases import Imported, measure


class ImportPlan(NamedTuple):
    """The file of the cases, and how many of its rows; None for all."""

    file: Path
    rows: int | None


def import_cases(_database: Database, plan: ImportPlan) -> Imported:
    """Imports into a new ledger on a server of its own: `mingzhang import` starts one."""
    return measure(plan.file, plan.rows)


CONTENDERS: Sequence[tuple[str, Any]] = (("import", import_cases),)
