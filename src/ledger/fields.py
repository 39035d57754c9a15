"""What the fields of a body hold, in plain words."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import annotated_types
import orjson
from pydantic import AwareDatetime, BaseModel, StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ledger.event import (
    ID_PATTERN,
    MAX_INTEGER,
    Commitment,
    Event,
    HeldFor,
    mint_id,
    mint_random_id,
    personal_fields,
)

FEW_VALUES = 6
"""A list of values up to here stands in the table; a longer one is linked to."""
YEARS_END = 10_000
"""Numbers below are written without a comma, as years are."""
_UNITS = ("seconds", "minutes", "hours", "days", "fen", "points")
_MINTED = {
    mint_id: "minted, ordered by time",
    mint_random_id: "minted at random",
}


class FieldRow(NamedTuple):
    """One field of a body, ready for a table."""

    name: str
    holds: str
    left_out: str
    """What holds when it is left out, or `required`."""
    held_for: HeldFor | None
    """What it is kept for when it is personal."""
    meaning: str


def rows(cls: type[BaseModel]) -> tuple[FieldRow, ...]:
    """The fields of a kind, or of a part of its body, in their order."""
    personal = personal_fields(cls) if issubclass(cls, Event) else {}
    return tuple(
        FieldRow(
            name,
            _with_unit(name, _holds(info.annotation, info.metadata)),
            _left_out(info),
            personal.get(name),
            " ".join((info.description or "").split()),
        )
        for name, info in cls.model_fields.items()
    )


def is_optional(info: FieldInfo) -> bool:
    """Whether a field may be without a value."""
    return type(None) in get_args(info.annotation)


def parts(cls: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """(field, model) of each field that holds objects of their own fields."""
    for name, info in cls.model_fields.items():
        for one in _classes(info.annotation):
            if issubclass(one, BaseModel):
                yield name, one


def lists(cls: type[BaseModel]) -> Iterator[type[Enum]]:
    """The lists of values that a body takes from, those of its parts included."""
    for info in cls.model_fields.values():
        for one in _classes(info.annotation):
            if issubclass(one, Enum):
                yield one
            elif issubclass(one, BaseModel):
                yield from lists(one)


def _classes(annotation: Any) -> Iterator[type]:
    """The classes that an annotation is made of; commitments stand for values of another."""
    if get_origin(annotation) is Annotated:
        yield from _classes(get_args(annotation)[0])
    elif get_origin(annotation) is not None:
        for argument in get_args(annotation):
            yield from _classes(argument)
    elif isinstance(annotation, type) and annotation is not Commitment:
        yield annotation


def _holds(annotation: Any, metadata: Sequence[Any]) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _holds(arguments[0], (*arguments[1:], *metadata))
    if origin in (Union, types.UnionType):
        kept = [one for one in arguments if one not in (type(None), Commitment)]
        return " or ".join(_holds(one, metadata) for one in kept)
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in arguments)
    if origin is tuple:
        return f"list{_counted(metadata)}, each: {_holds(arguments[0], ())}"
    return _plain(annotation, metadata)


def _plain(annotation: Any, metadata: Sequence[Any]) -> str:
    if annotation is AwareDatetime:
        return "time with its zone (RFC 3339)"
    if annotation is date:
        return "date, `YYYY-MM-DD`"
    if annotation is bool:
        return "`true` or `false`"
    if annotation is str:
        return _text(metadata)
    if annotation is int:
        return f"whole number{_range(metadata)}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _one_of(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"{annotation.__name__}, an object described below"
    raise TypeError(f"there are no words for {annotation}")


def _one_of(enum: type[Enum]) -> str:
    linked = f"[{enum.__name__}](#{enum.__name__})"
    if len(enum) > FEW_VALUES:
        return f"one of {linked}"
    return f"{linked}: {', '.join(f'`{one.value}`' for one in enum)}"


def _text(metadata: Sequence[Any]) -> str:
    constraints = [one for one in _flat(metadata) if isinstance(one, StringConstraints)]
    pattern = next((one.pattern for one in constraints if one.pattern), None)
    longest = next((one.max_length for one in constraints if one.max_length), None)
    if pattern == ID_PATTERN:
        return "id"
    if pattern is not None:
        return f"text of the pattern `{pattern}`"
    return f"text of 1 to {longest:,} characters" if longest else "text"


def _bounds(metadata: Sequence[Any], low: str, high: str) -> tuple[int | None, int | None]:
    found = list(_flat(metadata))
    lowest = next((getattr(one, low) for one in found if hasattr(one, low)), None)
    highest = next((getattr(one, high) for one in found if hasattr(one, high)), None)
    return lowest, highest


def _range(metadata: Sequence[Any]) -> str:
    low, high = _bounds(metadata, "ge", "le")
    if low is None or high is None:
        raise TypeError("an integer of a record has a lower and an upper bound")
    if high == MAX_INTEGER:
        return f" from {low:,} on"
    return f", {low} to {high}" if high < YEARS_END else f", {low:,} to {high:,}"


def _counted(metadata: Sequence[Any]) -> str:
    low, high = _bounds(metadata, "min_length", "max_length")
    return f" of {low or 0:,} to {high:,}" if high else f" of {low or 0:,} or more"


def _flat(metadata: Sequence[Any]) -> Iterator[Any]:
    for one in metadata:
        if isinstance(one, FieldInfo):
            yield from one.metadata
        elif isinstance(one, annotated_types.Len):
            yield from (annotated_types.MinLen(one.min_length),)
            yield from (() if one.max_length is None else (annotated_types.MaxLen(one.max_length),))
        else:
            yield one


def _with_unit(name: str, holds: str) -> str:
    """The unit that is in the field's name goes with its number."""
    words = name.split("_")
    for unit in _UNITS:
        if unit in words or unit.removesuffix("s") in words:
            return holds.replace("whole number", f"whole number of {unit}", 1)
    return holds


def _left_out(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    if info.default_factory is not None:
        return _MINTED[info.default_factory]  # type: ignore[index]
    default = info.get_default()
    assert default is not PydanticUndefined
    if default is None:
        return "no value"
    return f"`{orjson.dumps(default).decode()}`"
