"""Pieces of Markdown (GitHub's) that generated pages are made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty without rows."""
    lines = [_row(row) for row in rows]
    if not lines:
        return ""
    return "\n".join([_row(head), "|" + "---|" * len(head), *lines])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def code(value: object) -> str:
    """A name or a value as the API has it."""
    return f"`{value}`"


def anchor(name: str) -> str:
    """A place to link to, the same in every reader of Markdown."""
    return f'<a id="{name}"></a>'


def link(name: str) -> str:
    """A link to a kind, a list or an area of the same page."""
    return f"[`{name}`](#{name})"


def json_block(value: Any) -> str:
    """JSON as a caller would write it."""
    return f"```json\n{json.dumps(value, ensure_ascii=False, indent=2)}\n```"


def page(*blocks: str) -> str:
    """Blocks with an empty line between them, without those that are empty."""
    return "\n\n".join(block for block in blocks if block) + "\n"
