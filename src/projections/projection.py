"""The shapes of a projection: `Rows` folded by key, and a `Tally` summed over them.

The third shape, the town-wide `Reference`, is given to every fold. All functions here are pure and
may not fail: no clock, no randomness, no I/O. So the same definition serves the live view, a
rebuild, and any moment of the past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from types import NoneType, UnionType
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from ledger.event import Event, Recorded
from projections.reference import Reference

R = TypeVar("R", bound=tuple[Any, ...])
Key = tuple[Any, ...]
"""The values of a row's key columns, in their order."""

WITHHELD_SUFFIX = "_withheld"
TALLY_SUFFIX = "_tally"
EFFECTIVE_FROM = "effective_from"


class Contribution(NamedTuple):
    """What a row adds to the tally: measures that count for a group, from a moment on or always."""

    group: tuple[Any, ...]
    effective_from: datetime | None
    measures: tuple[int, ...]


@dataclass(frozen=True)
class Tally(Generic[R]):
    """Sums over all rows of a view, kept up to date from a row's old and new value.

    `group` and `measures` are NamedTuples whose fields are the table's columns. A read at time t
    sums what is effective by t: so what falls due needs no event.
    """

    group: type[tuple[Any, ...]]
    measures: type[tuple[int, ...]]
    contribute: Callable[[R], Iterable[Contribution]]


@dataclass(frozen=True)
class Rows(Generic[R]):
    """One table of a projection: one typed row (a NamedTuple) a key.

    `keys(recorded, reference)` names the distinct rows that an event touches; `apply(row or None,
    key, recorded, reference)` gives the row after the event, or None where there is none. Where
    `withheld` is true of a row, the row lies in a table beside that the public role cannot read;
    it is counted in the tally all the same.

    The public sees a view as it is, without its `hidden` columns; but what is `published` comes
    before it in batches alone (`projections.publishing`).
    """

    table: str
    row: type[R]
    key: tuple[str, ...]
    """The names of the key columns: the first fields of the row."""
    kinds: tuple[type[Event], ...]
    keys: Callable[[Recorded, Reference], Iterable[Key]]
    apply: Callable[[R | None, Key, Recorded, Reference], R | None]
    tally: Tally[R] | None = None
    withheld: Callable[[R], bool] | None = None
    stirred_by: tuple[type[Event], ...] = ()
    """Kinds of the town's reference, such as a pack of rules, that may change rows which they do
    not name: `apply` is asked again for every row whose column `stirred_while` is true."""
    stirred_while: str = ""
    indexes: tuple[tuple[str, ...], ...] = ()
    published: bool = False
    """Whether the view is made of requests: the public sees it only as of a publication."""
    hidden: tuple[str, ...] = ()
    """Columns that the public does not see."""

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table, the key's first."""
        return columns(self.row)

    @cached_property
    def stirring(self) -> frozenset[str]:
        """The kinds that stir."""
        return frozenset(cls.kind for cls in self.stirred_by)

    def is_stirred(self, row: R | None) -> bool:
        """Whether a stirring event may change the row."""
        return row is not None and bool(getattr(row, self.stirred_while))

    def table_of(self, row: R | None) -> str | None:
        """The table in which a row lies; None for no row."""
        if row is None:
            return None
        if self.withheld is not None and self.withheld(row):
            return self.table + WITHHELD_SUFFIX
        return self.table


@dataclass(frozen=True)
class Projection:
    """Views that share a name, a version and a position.

    `version` changes whenever the same log would give other rows: the views are rebuilt then.
    """

    name: str
    version: int
    rows: tuple[Rows[Any], ...]

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of event that touch any of the views."""
        return frozenset(cls.kind for rows in self.rows for cls in (*rows.kinds, *rows.stirred_by))


class Column(NamedTuple):
    """A column of a view's table."""

    name: str
    sql_type: str
    nullable: bool

    @property
    def is_array(self) -> bool:
        """Whether its value is a tuple of texts."""
        return self.sql_type.endswith("[]")


_SQL_TYPES: dict[Any, str] = {
    str: "text",
    int: "bigint",
    bool: "boolean",
    datetime: "timestamptz",
    date: "date",
    tuple[str, ...]: "text[]",
}


def columns(row: type[tuple[Any, ...]]) -> tuple[Column, ...]:
    """The columns that the fields of a NamedTuple become; raises TypeError for any other type."""
    return tuple(_column(row, name, hint) for name, hint in get_type_hints(row).items())


def _column(row: type[tuple[Any, ...]], name: str, hint: Any) -> Column:
    nullable = get_origin(hint) is UnionType and NoneType in get_args(hint)
    if nullable:
        (hint,) = (argument for argument in get_args(hint) if argument is not NoneType)
    if hint not in _SQL_TYPES:
        raise TypeError(f"{row.__name__}.{name} is no type of a view's column: {hint}")
    return Column(name, _SQL_TYPES[hint], nullable)
