"""The founding of a ledger: position 1, from which its origin and first rights follow."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import StringConstraints

from ledger.decision import Office, Situation
from ledger.event import Actor, Event, Folds, Id, Line
from ledger.refusals import Forbidden, Refusal

RECORD_FORMAT: Final = "mingzhang-record/1"


class LedgerFounded(Event):
    """Names the log for ever, registers the town committee and gives its founder an office.

    The founder acts as the town committee's secretary until somebody else is appointed.
    """

    kind = "ledger_founded"
    term = "立账"
    proposers = ()
    example = {
        "origin": "ledger.town.example/mingzhang",
        "town": "town",
        "town_name": "城关镇党委",
        "founder": "town-secretary",
    }

    origin: Annotated[
        str, StringConstraints(pattern=r"^[a-z0-9.-]{1,100}(/[a-z0-9.-]{1,100})*$", max_length=200)
    ]
    """The log's name in checkpoints (C2SP tlog-checkpoint): a domain and path without scheme."""
    record_format: Literal["mingzhang-record/1"] = RECORD_FORMAT
    """How the records of this log are written; there is one format so far."""
    town: Id
    """The id that the town committee is registered under."""
    town_name: Line
    """The town committee's name, as it is shown."""
    founder: Id
    """The principal who becomes its secretary."""

    def tags(self) -> tuple[str, ...]:
        return (f"organisation:{self.town}", f"principal:{self.founder}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return ()

    def decide(self, situation: Situation) -> Refusal | None:
        if situation.actor == Actor(Office.SECRETARY, self.town, self.founder):
            return None
        return Forbidden(
            "not_the_founder",
            f"{situation.actor.principal} founds a ledger in the name of {self.founder}",
            f"{self.founder} as secretary of {self.town}",
            "founder",
        )


KINDS = (LedgerFounded,)
FOLDS: Folds = {}
