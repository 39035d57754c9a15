"""What an audit ends in: a report with the first fault, if any, and one line of verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ledger.canonical import canonical_json
from ledger.tlog.note import encode_base64

MAX_SHOWN = 200
_BEFORE_BYTES = 20
Progress = Callable[[int, int], None]
"""(events checked, events there are)."""


class Unreadable(Exception):
    """Nothing can be said: what should be checked, or checked with, cannot be read."""


class Fault(NamedTuple):
    """The first place at which something is not what it should be."""

    expected: str
    found: str
    position: int | None = None
    """Of the event; None where no single event can be named."""
    file: str | None = None
    """Within the bundle, or the table of the database."""

    def line(self) -> str:
        """Where, what was expected and what was found."""
        places = [f"position {self.position}"] if self.position is not None else []
        places += [self.file] if self.file is not None else []
        return f"{', '.join(places)}: expected {self.expected}; found {self.found}"


class Faulty(Exception):
    """Ends the checking at a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.line())
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked against what, and how it ended."""

    subject: str
    """The bundle's directory, or the database's schema."""
    origin: str | None
    size: int
    """Of the checkpoint, or of the database's log."""
    root: bytes | None
    signed_by: tuple[str, ...]
    """The verifier keys, of those given, that signed the checkpoint."""
    cosigned_by: tuple[str, ...]
    """The verifier keys of the witnesses, of those in the policy, that cosigned it."""
    compared: tuple[int, ...]
    """The sizes of the earlier checkpoints whose roots were found again."""
    events: int
    """How many were read before it ended."""
    seconds: float
    fault: Fault | None

    @property
    def is_verified(self) -> bool:
        """Whether no fault was found."""
        return self.fault is None

    def verdict(self) -> str:
        """One line."""
        if self.fault is not None:
            return f"fault: {self.fault.line()}"
        root = "" if self.root is None else f", root {encode_base64(self.root)}"
        older = f", {len(self.compared)} earlier checkpoints" if self.compared else ""
        signed = f", signed by {len(self.signed_by)} of the keys given" if self.signed_by else ""
        seen = f", cosigned by {len(self.cosigned_by)} witnesses" if self.cosigned_by else ""
        return f"verified: {self.size:,} events of {self.origin}{root}{signed}{seen}{older}"

    def to_json(self) -> bytes:
        """The report as canonical JSON with a newline."""
        fault = None if self.fault is None else self.fault._asdict()
        document = {
            "subject": shown(self.subject, quoted=False),
            "origin": self.origin,
            "size": self.size,
            "root": None if self.root is None else encode_base64(self.root),
            "signed_by": self.signed_by,
            "cosigned_by": self.cosigned_by,
            "compared": self.compared,
            "events": self.events,
            "milliseconds": round(self.seconds * 1000),
            "fault": fault,
            "verdict": self.verdict(),
        }
        return canonical_json(document) + b"\n"


def shown(value: object, *, quoted: bool = True) -> str:
    """A value from untrusted bytes: in one line, without control characters, cut when long."""
    text = repr(value)
    if not quoted:
        text = text[1:-1]
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def differing(expected: bytes, found: bytes) -> tuple[str, str]:
    """Both, shown from a little before the first byte that differs."""
    pairs = zip(expected, found, strict=False)
    least = min(len(expected), len(found))
    at = next((at for at, (one, other) in enumerate(pairs) if one != other), least)
    start = max(0, at - _BEFORE_BYTES)
    where = f" from byte {start} on" if start else ""
    return shown(expected[start:]) + where, shown(found[start:]) + where
