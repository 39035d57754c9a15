"""docs/coverage.md names what there is, all of it, and in words of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.catalogue import KINDS
from projections.all import ALL
from tests.api_server import Server

DOCUMENT = Path(__file__).parents[1] / "docs" / "coverage.md"
SOURCE = Path(__file__).parents[2] / "shared" / "source.txt"
COPIED = 12
"""So many characters in a row are no chance."""


def named(column: int) -> set[str]:
    """What a column of the tables names in backticks."""
    return {name for cells in rows() for name in re.findall(r"`([^`]+)`", cells[column])}


def rows() -> Iterator[list[str]]:
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| practice "):
            yield line.strip("|").split("|")


def test_every_kind_is_named_and_every_kind_named_is_there() -> None:
    assert named(1) == set(KINDS)


def test_every_view_is_named_and_every_view_named_is_there() -> None:
    assert named(2) == {projection.name for projection in ALL}


def test_every_page_named_is_there(server: Server) -> None:
    for page in sorted(named(3)):
        answer = server.get(page.replace("{account}", "account-1"), Accept="text/html")

        assert answer.status_code == 200, page
        assert answer.headers["content-type"].startswith("text/html"), page


def test_every_practice_says_what_serves_it() -> None:
    assert all(cells[1].strip() and cells[2].strip() for cells in rows())
    assert len(list(rows())) > 30


def test_no_sentence_is_the_sources() -> None:
    if not SOURCE.exists():
        pytest.skip("the source of the method is not here")
    source = SOURCE.read_text(encoding="utf-8")
    own = DOCUMENT.read_text(encoding="utf-8")

    runs = (source[start : start + COPIED] for start in range(len(source) - COPIED))

    assert [run for run in runs if run in own] == []
