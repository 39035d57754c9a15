"""How a ledger is founded, and as what one was."""

from __future__ import annotations

from api.defaults.opening import opening
from ledger import catalogue
from ledger.decision import Office
from ledger.domain.founding import LedgerFounded
from ledger.domain.log_keys import LogKeyAnnounced
from ledger.event import Actor
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Refused
from ledger.signing.keys import SigningKeys
from ledger.store.contract import Store


class AlreadyFounded(Exception):
    """The ledger has events already; nothing was changed."""

    def __init__(self, founding: LedgerFounded) -> None:
        super().__init__(
            f"this ledger was founded already, as {founding.origin} for {founding.town_name} by "
            f"{founding.founder}: nothing was changed"
        )
        self.founding = founding


def founding_of(store: Store) -> LedgerFounded | None:
    """The first event of a ledger, or None in an empty one."""
    for stored in store.read(limit=1):
        founding = catalogue.decode(stored.position, stored.record).event
        assert isinstance(founding, LedgerFounded)  # decide takes no other kind as the first
        return founding
    return None


def founder_of(founding: LedgerFounded) -> Actor:
    """The office in which the founder acts."""
    return Actor(Office.SECRETARY.value, founding.town, founding.founder)


def found(ledger: Ledger, founding: LedgerFounded, keys: SigningKeys) -> int:
    """Founds an empty ledger with all that it begins with; how many events that made.

    The key that will sign its checkpoints is made with it, and announced.

    It is one list: an interruption leaves an empty ledger or a whole one, never a part. Raises
    `AlreadyFounded`, `Refused`, `Unavailable` and `UnusableKeys`.
    """
    known = founding_of(ledger.store)
    if known is None:
        founder = founder_of(founding)
        announced = LogKeyAnnounced(verifier_key=str(keys.create(founding.origin).key))
        events = (founding, *opening(founding.town), announced)
        try:
            return len(ledger.propose_sync([Proposal(event, founder) for event in events]))
        except Refused as refused:
            # Another process was quicker.
            if refused.refusal.rule != "already_founded":
                raise
            known = founding_of(ledger.store)
    assert known is not None  # it has a first event
    raise AlreadyFounded(known)
