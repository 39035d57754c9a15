"""What became of a file's rows: the summary, and the refused rows with line and reason."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from ledger.refusals import Refusal

REFUSED_FILE = "refused.ndjson"
SUMMARY_FILE = "summary.json"


@dataclass(slots=True)
class Summary:
    """Counts of one run: every row read is accepted, there already, refused, or, where the run
    failed, unsettled."""

    source: str
    file: str
    rows_read: int = 0
    cases_accepted: int = 0
    cases_already_there: int = 0
    """Cases that an earlier run, or another process, had imported."""
    refused: Counter[str] = field(default_factory=Counter)
    """Rule -> rows."""
    rows_unsettled: int = 0
    """Rows that a failed run had proposed without learning the answer; the next run finds out."""
    events_appended: int = 0
    seconds: float = 0.0
    ended: str = "failed"
    """`complete`, `limit_reached`, `stopped` or `failed`."""
    groundwork_events: int = 0
    """Events that founded the town, registered, appointed and enacted; not among the others."""
    began: float = field(default_factory=time.monotonic)
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def rows_refused(self) -> int:
        """How many rows did not become a case."""
        return self.refused.total()

    @property
    def events_per_second(self) -> float:
        """Since the start of the run."""
        return self.events_appended / max(self.seconds, 1e-9)

    @property
    def rows_settled(self) -> int:
        """Rows whose fate is known: rows_read = rows_settled + rows_unsettled, always."""
        return self.cases_accepted + self.cases_already_there + self.rows_refused

    def end(self, how: str) -> None:
        """Stops the clock."""
        self.seconds = time.monotonic() - self.began
        self.ended = how

    def as_dict(self) -> dict[str, Any]:
        """As summary.json has it."""
        return {
            "source": self.source,
            "file": self.file,
            "began_at": self.began_at.isoformat(timespec="seconds"),
            "ended": self.ended,
            "rows_read": self.rows_read,
            "cases_accepted": self.cases_accepted,
            "cases_already_there": self.cases_already_there,
            "rows_refused": self.rows_refused,
            "rows_unsettled": self.rows_unsettled,
            "refused_by_rule": dict(self.refused.most_common()),
            "groundwork_events": self.groundwork_events,
            "events_appended": self.events_appended,
            "seconds": round(self.seconds, 3),
            "events_per_second": round(self.events_per_second, 1),
        }


class Report:
    """Writes the refused rows as they come, and the summary at the end, into a directory.

    Of a row only line and key are repeated: its other values may be personal.
    """

    def __init__(self, directory: Path, summary: Summary) -> None:
        self.directory = directory
        self.summary = summary

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / SUMMARY_FILE).unlink(missing_ok=True)
        self._refused = (self.directory / REFUSED_FILE).open("wb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._refused.close()
        content = orjson.dumps(self.summary.as_dict(), option=orjson.OPT_INDENT_2)
        (self.directory / SUMMARY_FILE).write_bytes(content + b"\n")

    def refuse(self, line: int, key: str | None, refusal: Refusal) -> None:
        """Counts and writes one row that did not become a case."""
        self.summary.refused[refusal.rule] += 1
        row = {
            "line": line,
            "key": key and key.encode(errors="replace").decode(),
            "rule": refusal.rule,
            "reason": refusal.reason.encode(errors="replace").decode(),
            "accepted": refusal.accepted,
            "field": refusal.field,
        }
        self._refused.write(orjson.dumps(row) + b"\n")
