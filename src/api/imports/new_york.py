"""What the sources of New York City share: its clock, its community boards, its departments."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from api.imports.source import Body, identifier
from ledger.decision import OrganisationType

ORIGIN = "nyc.example/ledger"
TOWN = Body("nyc", OrganisationType.TOWN_COMMITTEE, "纽约市 New York City")
UNSTATED_BOARD = "nyc-board-unstated"

_BOROUGHS = (
    # borough, its name in Chinese, boards, joint interest areas (parks and airports)
    ("Bronx", "布朗克斯", 12, (26, 27, 28)),
    ("Brooklyn", "布鲁克林", 18, (55, 56)),
    ("Manhattan", "曼哈顿", 12, (64,)),
    ("Queens", "皇后区", 14, (80, 81, 82, 83, 84)),
    ("Staten Island", "史泰登岛", 3, (95,)),
)
_NUMBERED = re.compile(r"(\d{1,2}) (\D+)")
_UNSTATED = frozenset(
    {"unspecified", "0 unspecified"}
    | {borough.lower() for borough, *_ in _BOROUGHS}
    | {f"unspecified {borough.lower()}" for borough, *_ in _BOROUGHS}
)


def clock() -> ZoneInfo:
    """The zone of the city's clocks."""
    return ZoneInfo("America/New_York")


def board(stated: str | None) -> str:
    """`3 Staten Island` -> `nyc-board-03-staten-island`; nothing, or a borough alone, is unstated.

    What is no board keeps its own name, and the ledger says that it does not know it.
    """
    text = (stated or "unspecified").lower()
    if text in _UNSTATED:
        return UNSTATED_BOARD
    numbered = _NUMBERED.fullmatch(text)
    if numbered:
        return f"nyc-board-{int(numbered[1]):02d}-{identifier(numbered[2])}"[:64]
    return f"nyc-board-{identifier(text)}"[:64].rstrip("-")


def boards() -> tuple[Body, ...]:
    """Every community board, every joint interest area, and the place of what names none."""
    kind = OrganisationType.RESIDENTS_COMMITTEE
    found = [Body(UNSTATED_BOARD, kind, "社区未注明 Board not stated")]
    for borough, chinese, last, joint_areas in _BOROUGHS:
        for number in range(1, last + 1):
            name = f"{chinese}第{number}社区委员会 {borough} Community Board {number}"
            found.append(Body(board(f"{number} {borough}"), kind, name))
        for number in joint_areas:
            name = f"{chinese}第{number}联合区 {borough} Joint Interest Area {number}"
            found.append(Body(board(f"{number} {borough}"), kind, name))
    return tuple(found)
