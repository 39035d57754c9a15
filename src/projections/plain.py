"""What JSON has for the shapes that the views are read into."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

from ledger.canonical import instant


def plain(value: Any) -> Any:
    """What JSON has for it: a dataclass with its derived figures too, a row by its columns."""
    if is_dataclass(value):
        names = [field.name for field in fields(value)]
        names += [name for name, of in vars(type(value)).items() if isinstance(of, property)]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: plain(item) for name, item in zip(value._fields, value, strict=True)}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
