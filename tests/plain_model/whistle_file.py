"""A whistle's file: what was entered about one whistle, and how far each department is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.plain_model.rule_book import Act

_STAGE_AFTER = {
    "whistle_drafted": "drafted",
    "whistle_blown": "blown",
    "whistle_cleared": "cleared",
    "whistle_countermanded": "countermanded",
}


@dataclass
class WhistleFile:
    """One whistle, for a request or for none."""

    entries: list[Act] = field(default_factory=list)

    @property
    def stage(self) -> str:
        return [_STAGE_AFTER[act.kind] for act in self.entries if act.kind in _STAGE_AFTER][-1]

    @property
    def community(self) -> str:
        """The branch that drafted or blew it."""
        return self.entries[0].actor.organisation

    @property
    def request(self) -> str | None:
        request: str | None = self._blown_or_drafted.event.__dict__["request"]
        return request

    @property
    def blown_at(self) -> datetime:
        return self._blown_or_drafted.when

    @property
    def _blown_or_drafted(self) -> Act:
        kinds = ("whistle_drafted", "whistle_blown")
        return [act for act in self.entries if act.kind in kinds][-1]

    @property
    def summoned(self) -> dict[str, datetime]:
        """The departments that are to come, and since when; of a draft those named in it."""
        start = self.entries.index(self._blown_or_drafted)
        found: dict[str, datetime] = {}
        for act in self.entries[start:]:
            if act.kind in ("whistle_drafted", "whistle_blown", "whistle_split"):
                departments: Any = act.event.__dict__["departments"]
                found.update(dict.fromkeys(departments, act.when))
        return found

    def of(self, department: str, *kinds: str) -> list[Act]:
        """What was entered about a department; without kinds: everything."""
        return [
            act
            for act in self.entries
            if act.event.__dict__.get("department") == department
            and (not kinds or act.kind in kinds)
        ]

    def did(self, department: str, kind: str) -> bool:
        """Whether there is such an entry about the department."""
        return bool(self.of(department, kind))

    def latest_of(self, department: str) -> datetime:
        """When the last thing about the department happened."""
        own = self.of(department)
        return own[-1].when if own else self.summoned[department]

    @property
    def latest(self) -> datetime:
        """When the last thing of all happened, as far as anybody claims."""
        start = self.entries.index(self._blown_or_drafted)
        return max(act.when for act in self.entries[start:])

    @property
    def called_by(self) -> set[str]:
        """Who drafted it, blew it or split it."""
        kinds = ("whistle_drafted", "whistle_blown", "whistle_split")
        return {act.actor.principal for act in self.entries if act.kind in kinds}

    @property
    def handled_by(self) -> set[str]:
        """Who ever acted for a department."""
        return {
            act.actor.principal
            for act in self.entries
            if act.event.__dict__.get("department") == act.actor.organisation
        }

    def return_asked(self, department: str) -> bool:
        """Whether its return waits for a ruling: it has not come after all."""
        acts = self.of(
            department, "whistle_return_requested", "whistle_return_ruled", "department_reported_in"
        )
        return bool(acts) and acts[-1].kind == "whistle_return_requested"

    def is_released(self, department: str) -> bool:
        ruled: list[Any] = [act.event for act in self.of(department, "whistle_return_ruled")]
        return any(event.granted for event in ruled)

    def is_handled(self, department: str) -> bool:
        """Whether it says that it is done, and nobody has found that it is not."""
        acts = self.of(department, "whistle_handled", "whistle_verified")
        last: Any = acts[-1].event if acts else None
        return last is not None and getattr(last, "done", True)

    def is_verified(self, department: str) -> bool:
        verified: list[Any] = [act.event for act in self.of(department, "whistle_verified")]
        return any(event.done for event in verified)

    def is_work_of(self, organisation: str) -> bool:
        """Whether an organisation still has to do something about it."""
        waiting = {one for one in self.summoned if not self.is_verified(one)}
        waiting = {one for one in waiting if not self.is_released(one)}
        return self.stage == "blown" and organisation in {self.community, *waiting}
