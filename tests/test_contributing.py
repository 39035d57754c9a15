"""The exercise of CONTRIBUTING is true: one patch to one file, and the kind is whole."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
KIND = "reward_written_off"
PROPERTIES = (
    f"tests/test_domain_schemas.py::test_schema_and_model_take_the_same_bodies[{KIND}]",
    f"tests/test_domain_schemas.py::test_a_schema_is_valid_and_names_its_kind[{KIND}]",
    f"tests/test_events.py::test_a_kind_declares_itself[{KIND}]",
    f"tests/test_events.py::test_tags_keep_the_limits_and_are_a_type_and_an_opaque_id[{KIND}]",
    "tests/test_domain_properties.py",
)
PLAYED = """
from ledger.domain.love_bank.rewards import RewardWrittenOff
from ledger.proposal import Proposal
from tests.bank_acts import bank
from tests.request_acts import refused
from tests.town import COMMITTEE

paper = bank()
stock = paper.states["reward:soap"].stock
paper.accept(Proposal(RewardWrittenOff(reward="soap", quantity=3), COMMITTEE))
assert paper.states["reward:soap"].stock == stock - 3
too_many = Proposal(RewardWrittenOff(reward="soap", quantity=stock), COMMITTEE)
refused(paper, too_many, "out_of_stock", "quantity")
"""


def test_the_exercise_adds_a_kind_by_one_file(tmp_path: Path) -> None:
    (patch,) = re.findall(r"```diff\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    assert len(re.findall(r"^\+\+\+ ", patch, re.MULTILINE)) == 1
    for part in ("src", "tests", "docs"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    run(tmp_path, "git", "apply", "-", given=patch)

    run(tmp_path, sys.executable, "-c", PLAYED)
    run(tmp_path, sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *PROPERTIES)
    run(tmp_path, sys.executable, "-m", "docs.generator")

    assert f"### {KIND}" in (tmp_path / "docs" / "events.md").read_text()


def run(place: Path, *command: str, given: str = "") -> None:
    environment = {**os.environ, "PYTHONPATH": f"{place / 'src'}{os.pathsep}{place}"}
    done = subprocess.run(
        command, cwd=place, env=environment, input=given, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
