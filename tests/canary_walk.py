"""Every GET route of the application, as it is meant and at random: no answer holds a canary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from ledger.catalogue import KINDS
from ledger.event import Actor
from tests.canaries import assert_clean
from tests.canary_town import AUDITOR, CanaryTown, whole
from tests.strategies import TORTURE
from tests.town import HOTLINE

WALKS = 3_000 if TORTURE else 250
"""How many requests are drawn at random."""
HOSTILE = st.sampled_from((
    "", "0", "-1", "9" * 30, "..", "../../etc/passwd", "%2e%2e%2f", "'; drop table event; --",
    '" or 1=1', "<script>", "{{7*7}}", "null", "true", "\u202e", "é", "𠮷", "a" * 2_000, "\t",
    "request:request-a", "*", "%00", "1e3", "0/000", "entries/000", "entries/000.p/1",
))  # fmt: skip
QUERY = (
    "after", "before", "limit", "kind", "tag", "subject", "min_position", "type", "community", "on",
    "category", "lead", "holder", "honour", "period", "stage", "figure", "department",
    "holder_type", "request", "account", "position", "unheard_of",
)  # fmt: skip
AS_MEANT: tuple[tuple[str, Actor | None], ...] = (
    ("text/html", None), ("application/json", None), ("application/json", AUDITOR),
    ("application/x-ndjson", AUDITOR),
)  # fmt: skip
ACCEPTS = ("text/html", "application/json", "application/x-ndjson", "*/*", "text/event-stream")


def walk(town: CanaryTown) -> None:
    """Asks every GET route, first each as it is meant and then at random."""
    app = create_app(town.settings)
    routes = [
        one for one in app.routes if isinstance(one, APIRoute) and "GET" in (one.methods or ())
    ]
    documented = {path for path, of in app.openapi()["paths"].items() if "get" in of}
    assert documented <= {one.path.replace(":path", "") for one in routes}
    pools = pools_of(town)
    answered = set()
    for route in routes:
        for accept, role in AS_MEANT:
            for path in meant(route.path, pools):
                if get(town, path, role, accept).status_code < 400:
                    answered.add(route.path)
    unseen = {one.path for one in routes} - answered
    assert not unseen, f"never seen to answer: {unseen}"
    walk_at_random(town, [one.path for one in routes], pools)


def walk_at_random(town: CanaryTown, routes: list[str], pools: dict[str, list[str]]) -> None:
    values = {name: st.sampled_from(pool) | HOSTILE for name, pool in pools.items()}

    @settings(
        max_examples=WALKS, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        path=st.sampled_from(routes),
        data=st.data(),
        accept=st.sampled_from(ACCEPTS),
        role=st.sampled_from((None, None, AUDITOR, HOTLINE)),
    )
    def at_random(path: str, data: st.DataObject, accept: str, role: Any) -> None:
        for name in names_in(path):
            path = path.replace(placeholder(path, name), quoted(data.draw(values[name])))
        names = data.draw(st.lists(st.sampled_from(QUERY), max_size=4))
        query = [(name, data.draw(values.get(name, HOSTILE))) for name in names]
        answer = get(town, path, role, accept, query)
        assert answer.status_code < 500 or answer.status_code == 503, answer.text

    at_random()


def names_in(path: str) -> list[str]:
    return [part.partition("}")[0].partition(":")[0] for part in path.split("{")[1:]]


def placeholder(path: str, name: str) -> str:
    return f"{{{name}:path}}" if f"{{{name}:path}}" in path else f"{{{name}}}"


def quoted(text: str) -> str:
    return quote(text, safe="/")


def pools_of(town: CanaryTown) -> dict[str, list[str]]:
    """What stands in the town, by the names of parameters."""
    of: dict[str, list[str]] = {}
    for tag in sorted(town.tags):
        of.setdefault(tag.partition(":")[0], []).append(tag.partition(":")[2])
    size = town.server.size()
    return {
        "request": of["request"][:20],
        "case": ["1", *of["request"][:10], "2"],
        "number": ["1", "2"],
        "account": of["account"][:20],
        "donation": of["donation"][:20],
        "deed": of["deed"][:20],
        "community": ["committee-1", "branch-1"],
        "lead": ["dept-water"],
        "holder": ["dept-water", "hotline"],
        "department": ["dept-urban"],
        "category": ["complaint"],
        "stage": ["cleared", "disputed"],
        "period": [*of["period"][:2], "2026", "2026-11"],
        "commendation": of["commendation"][:5],
        "honour": ["circular", "award"],
        "holder_type": ["person", "unit"],
        "kind": sorted(KINDS),
        "tag": sorted(town.tags)[:40],
        "subject": sorted(town.tags)[:40],
        "position": [str(one) for one in range(1, size + 1)],
        "link": [one.removeprefix("/receipts/") for one in town.receipts],
        "budget": ["budget-1"],
        "project": ["project-1"],
        "list_item": of["list_item"][:5],
        "digest": [f"{1:064x}"],
        "year": ["2026"],
        "line": ["activity"],
        "place": ["place-1"],
        "disclosure": ["project", "process", "evaluation", "funds", "donations", "rankings",
                       *of["disclosure"][:3]],
        "item": ["item-1"],
        "month": ["2026-03"],
        "view": [view for view, _ in EXPLAINED],
        "key": [*of["account"][:5], *of["request"][:5]],
        "path": ["0/000", f"0/000.p/{min(size, 255)}", "entries/000", "1/000", "0/000.p/1",
                 f"entries/000.p/{min(size, 255)}", "entries/000.p/1"],
    }  # fmt: skip


EXPLAINED = (
    ("points_account", "account"), ("request_case", "request"), ("deed", "deed"),
    ("donation", "donation"), ("commendation", "commendation"), ("data_subject", "subject"),
    ("budget", "budget"), ("ranking_period", "period"),
)  # fmt: skip
"""Views whose rows are explained, and what their keys are ids of."""


def meant(path: str, pools: dict[str, list[str]]) -> Iterator[str]:
    """The path with things that are there: with each of them, where it has one parameter."""
    names = names_in(path)
    if not names:
        yield path
        yield f"{path}?account={pools['account'][0]}"
        yield f"{path}?from=1"
        return
    if names == ["view", "key"]:
        for view, of in EXPLAINED:
            for value in pools[of][:2]:
                yield path.replace("{view}", view).replace("{key}", value)
        return
    (name,) = names
    for value in pools[name] if TORTURE else pools[name][-4:] + pools[name][:3]:
        yield path.replace(placeholder(path, name), value)


def get(
    town: CanaryTown,
    path: str,
    role: Actor | None,
    accept: str,
    query: list[tuple[str, str]] | None = None,
) -> httpx.Response:
    """One answer, in which there is no canary."""
    headers = {"Accept": accept}
    if role is not None:
        headers["Authorization"] = f"Bearer {town.token(role)}"
    params = httpx.QueryParams(tuple(query)) if query else None
    answer = town.near.get(path, params=params, headers=headers)
    assert_clean(f"GET {path} {query or ''}", whole(answer))
    return answer
