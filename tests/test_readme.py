"""What the README tells a newcomer to type is true: its lines run against a real server."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from api.demonstration.keys import FILE_NAME
from tests.api_server import Server

README = Path(__file__).parents[1] / "README.md"


def walk() -> str:
    """The commands of the README that change the page."""
    (found,) = re.findall(r"^```bash\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_readmes_lines_change_the_page(server: Server) -> None:
    commands = walk()
    for given, here in (
        ("data/demonstration-keys.json", str(server.settings.data / FILE_NAME)),
        ("http://127.0.0.1:8000", server.url),
    ):
        assert given in commands
        commands = commands.replace(given, here)
    position = server.size()
    server.published(position)
    before = server.get(f"/v1/disclosures/process?min_position={position}").json()["totals"]

    walked = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert walked.returncode == 0, walked.stdout + walked.stderr
    kinds = re.findall(r'"kind":"(\w+)"', walked.stdout)
    assert kinds == [
        "request_filed", "request_accepted", "request_dispatched", "whistle_blown",
        "department_reported_in", "request_answered", "answer_accepted", "request_cleared",
        "service_rated", "deed_claimed", "deed_verified", "publicity_opened",
    ]  # fmt: skip
    assert re.findall(r'"rule":"(\w+)"', walked.stdout) == ["wrong_stage"]
    server.published(position + len(kinds))
    page = server.get(f"/?min_position={position + len(kinds)}").text
    assert f'<a href="/cases?stage=cleared">{before["cleared"] + 1}</a>' in page
