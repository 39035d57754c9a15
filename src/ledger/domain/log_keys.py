"""The keys that sign the log's checkpoints (检查点): announced and replaced by events."""

from __future__ import annotations

from typing import Annotated, Any, Final, NamedTuple

from pydantic import StringConstraints

from ledger.decision import Office, Situation, standing
from ledger.domain.town.organisations import TOWN
from ledger.event import Event, Folds, Recorded
from ledger.refusals import Refusal, Unacceptable, WrongState
from ledger.tlog.note import NoteVerifier, VerifierKey

LOG_KEYS_TAG: Final = "log:keys"

VerifierKeyText = Annotated[
    str,
    StringConstraints(pattern=r"^[!-*,-~]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$"),
]


class LogKeyAnnounced(Event):
    """A key signs the log's checkpoints from here on, beside the one that it is to replace.

    Whoever trusts the older key, and sees this event below a checkpoint that it signed, may trust
    the new one. The secret is never in the ledger.
    """

    kind = "log_key_announced"
    term = "公布检查点公钥"
    proposers = (standing(Office.SECRETARY, *TOWN),)
    example = {
        "verifier_key": (
            "ledger.town.example/mingzhang+c6d7f625+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
        ),
    }

    verifier_key: VerifierKeyText
    """The public key as C2SP signed-note writes a vkey: the log's origin, the key's id, and an
    Ed25519 key."""
    supersedes: VerifierKeyText | None = None
    """The key announced before it, which is to be retired; null for the first."""

    def tags(self) -> tuple[str, ...]:
        return (LOG_KEYS_TAG,)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        try:
            key = NoteVerifier(VerifierKey.parse(self.verifier_key)).key
        except ValueError as error:  # `Malformed`, or no point of the curve: never a crash
            return Unacceptable(
                "not_a_verifier_key",
                str(error),
                "the line that `mingzhang log-key show` prints",
                "verifier_key",
            )
        known: LogKeys = situation.state(LOG_KEYS_TAG) or LogKeys()
        return _already_announced(known, self.verifier_key) or self._succession(known, key)

    def _succession(self, known: LogKeys, key: VerifierKey) -> Refusal | None:
        latest = known.announced[-1] if known.announced else None
        if self.supersedes != latest:
            return WrongState(
                "not_the_latest_key",
                "the key to be replaced is not the one announced last",
                f"supersedes: {latest}" if latest else "supersedes: null, for the first key",
                "supersedes",
            )
        if latest is not None and VerifierKey.parse(latest).name != key.name:
            return Unacceptable(
                "key_of_another_log",
                f"the key's name is {key.name}",
                f"a key with the log's name, {VerifierKey.parse(latest).name}",
                "verifier_key",
            )
        return None


class LogKeys(NamedTuple):
    """All keys announced so far, in order; the last is the one in force."""

    announced: tuple[str, ...] = ()


def evolve_log_keys(state: LogKeys | None, tag: str, recorded: Recorded) -> LogKeys | None:
    """The keys after one more event."""
    match recorded.event:
        case LogKeyAnnounced() as event:
            return LogKeys((*(state or LogKeys()).announced, event.verifier_key))
    return state


def _already_announced(known: LogKeys, key: str) -> Refusal | None:
    if key not in known.announced:
        return None
    return WrongState(
        "log_key_exists",
        "this key was announced before",
        "a key that was made anew",
        "verifier_key",
    )


KINDS = (LogKeyAnnounced,)
FOLDS: Folds = {"log": (evolve_log_keys, KINDS)}
