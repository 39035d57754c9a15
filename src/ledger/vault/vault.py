"""The vault as the ledger's door uses it: seals what is proposed, opens what it may."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.event import Commitment
from ledger.vault.cabinet import Cabinet
from ledger.vault.keys_at_hand import KeysAtHand
from ledger.vault.randomness import Randomness
from ledger.vault.sealing import DamagedValue, DataKey, OpenedValue, Place, SealedValue


class Destroyed(Exception):
    """The key of a sealed value is not there: it was erased."""

    def __init__(self, place: Place) -> None:
        super().__init__(f"{place} was erased")
        self.place = place


class Vault:
    """Seals under keys of its cabinet, and opens with them. Any thread may use it.

    One that `waits` makes keys itself where it has none, in the middle of a call.
    """

    def __init__(self, cabinet: Cabinet, *, waits: bool = False) -> None:
        self.cabinet = cabinet
        self.keys = KeysAtHand(cabinet, waits=waits)
        self._randomness = Randomness()

    def seal(self, place: Place, value: str) -> tuple[dict[str, str], SealedValue]:
        """The commitment as the record holds it, and the sealed (salt, value) to store with it.

        Raises `NoKeyAtHand`, unless it waits: then `keys.make()` and again.
        """
        return self.keys.of(place.subject, place.held_for).seal(place, value, self._randomness)

    def open(self, sealed: SealedValue, commitment: Commitment) -> OpenedValue:
        """Salt and value; raises `DamagedValue`, `Destroyed`, `StoreDown` or `WrongKey`."""
        (opened,) = open_each(self.cabinet, [(sealed, commitment)])
        if isinstance(opened, OpenedValue):
            return opened
        raise opened

    def close(self) -> None:
        """Gives up thread and connections."""
        self.keys.close()
        self.cabinet.close()


def open_each(
    cabinet: Cabinet, values: Sequence[tuple[SealedValue, Commitment]]
) -> list[OpenedValue | DamagedValue | Destroyed]:
    """What became of each value: one that is damaged or erased hinders no other.

    Raises `StoreDown` or `WrongKey`: then none was opened.
    """
    found = cabinet.find(sorted({sealed.key_id for sealed, _ in values}))
    keys = {key_id: DataKey(key_id, key) for key_id, key in found.keys.items()}
    opened: list[OpenedValue | DamagedValue | Destroyed] = []
    for sealed, commitment in values:
        key = keys.get(sealed.key_id)
        if key is not None:
            try:
                opened.append(key.open(sealed, commitment))
            except DamagedValue as damaged:
                opened.append(damaged)
        elif sealed.key_id in found.damaged:
            opened.append(DamagedValue(sealed.place, "has a key that does not come out"))
        else:
            opened.append(Destroyed(sealed.place))
    return opened
