"""The sources that can be imported: a new one is a mapping file and one name here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from api.imports import nyc_311, nyc_constituent_cases
from api.imports.source import Source

SOURCES: Mapping[str, Callable[[], Source]] = MappingProxyType(
    {
        nyc_constituent_cases.NAME: nyc_constituent_cases.source,
        nyc_311.NAME: nyc_311.source,
    }
)
