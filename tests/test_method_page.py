"""The page of the whole method leads to every practice."""

from __future__ import annotations

import re

from api.method import PRACTICES
from tests.api_server import Server


def test_every_practice_of_the_page_has_its_page(server: Server) -> None:
    page = server.get("/method", Accept="text/html")

    assert page.status_code == 200
    linked = re.findall(r'<dt><a href="([^"]+)">', page.text)
    assert linked == [practice.page for _, listed in PRACTICES for practice in listed]
    assert len(set(linked)) == len(linked)
    for path in linked:
        shown = server.get(path, Accept="text/html")
        assert (shown.status_code, path) == (200, path)
        assert "<h1>" in shown.text


def test_the_menu_leads_to_it(server: Server) -> None:
    assert 'href="/method"' in server.get("/", Accept="text/html").text
