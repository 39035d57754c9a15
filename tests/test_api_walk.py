"""The walk that the README shows is true: it runs against a real server and changes the page."""

from __future__ import annotations

import subprocess
from pathlib import Path

from api.demonstration.keys import FILE_NAME
from tests.api_server import Server

WALK = Path(__file__).parents[1] / "examples" / "walk.sh"


def test_the_walk_with_curl_changes_the_disclosures_and_the_page(server: Server) -> None:
    position = server.size()
    fresh = f"?min_position={position}"
    server.published(position)
    before = server.get(f"/v1/disclosures/process{fresh}").json()["totals"]
    evaluation = server.get(f"/v1/disclosures/evaluation{fresh}").json()["totals"]
    shown = deeds_in_publicity(server, fresh)

    walked = subprocess.run(
        [WALK, server.url, server.settings.data / FILE_NAME],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert walked.returncode == 0, walked.stdout + walked.stderr
    assert '"rule":"wrong_stage"' in walked.stdout
    assert server.size() == position + 12
    fresh = f"?min_position={position + 12}"
    server.published(position + 12)
    after = server.get(f"/v1/disclosures/process{fresh}").json()["totals"]
    assert after["cleared"] == before["cleared"] + 1
    rated = server.get(f"/v1/disclosures/evaluation{fresh}").json()["totals"]
    assert rated["very_satisfied"] == evaluation["very_satisfied"] + 1
    assert len(deeds_in_publicity(server, fresh) - shown) == 1
    page = server.get(f"/{fresh}").text
    assert f"<b>{position + 12}</b>" in page
    assert f'<a href="/cases?stage=cleared">{after["cleared"]}</a>' in page


def deeds_in_publicity(server: Server, fresh: str) -> set[str]:
    return {deed["deed"] for deed in server.get(f"/v1/deeds{fresh}&limit=200").json()["deeds"]}
