"""What docs/rules.md tells a town to type is true: its lines run against a real server."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from api.defaults.opening import default_pack
from ledger.domain.rules.rules import Step
from tests.api_server import Server

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "rules.md"


def test_a_pack_and_a_calendar_are_enacted_as_the_document_says(
    server: Server, tmp_path: Path
) -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    commands = "".join(blocks)
    for given, here in (
        ("KEY=... # the secretary's", f"KEY={server.tokens['town-secretary']}"),
        ("http://127.0.0.1:8000", server.url),
        (".venv/bin/mingzhang", f"{sys.executable} -m api.cli.main"),
        ("python3 -", f"{sys.executable} -"),
    ):
        assert given in commands
        commands = commands.replace(given, here)
    shutil.copytree(ROOT / "src" / "api" / "defaults", tmp_path / "src" / "api" / "defaults")

    enacted = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert enacted.returncode == 0, enacted.stdout + enacted.stderr
    kinds = re.findall(r'"kind":"(\w+)"', enacted.stdout)
    assert kinds == ["rules_enacted", "working_calendar_enacted"]


def test_the_document_names_every_step_that_the_default_pack_leaves_out() -> None:
    document = DOCUMENT.read_text()

    left_out = set(Step) - {deadline.step for deadline in default_pack().deadlines}

    assert left_out
    assert all(f"| `{step}` |" in document for step in left_out)
