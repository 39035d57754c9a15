"""Completeness: no rule of the ledger without a test that is refused under its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import refusals
from ledger.catalogue import AREAS, FOLDED, KINDS

SOURCE = Path(refusals.__file__).parent
TESTS = Path(__file__).parent
CLASSES = {cls.__name__ for cls in refusals.Refusal.__subclasses__()}
NAMING = {"refused": 2, "paper_refused": 2, "all_refused": 2, "refused_at_the_door": 0,
          "names": 1}  # fmt: skip
"""Functions of the tests that assert a refusal -> the place of the rule's name."""


def trees(*files: Path) -> Iterator[tuple[Path, ast.Module]]:
    for file in files:
        yield file, ast.parse(file.read_text(encoding="utf-8"))


def calls(tree: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def rule_makers(*files: ast.Module) -> dict[str, int]:
    """The functions that pass a parameter of theirs on as a rule's name: `own_ruling(…, rule)`,
    and the place of that parameter."""
    return {
        function.name: place
        for tree in files
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for call in calls(function, CLASSES)
        for place, parameter in enumerate(function.args.args)
        if isinstance(call.args[0], ast.Name) and call.args[0].id == parameter.arg
    }


def rules_named_in(tree: ast.Module, makers: dict[str, int]) -> Iterator[str]:
    passed_on = rule_makers(tree)
    for call in calls(tree, CLASSES | set(makers)):
        place = makers.get(call.func.id, 0) if isinstance(call.func, ast.Name) else 0
        match call.args[place]:
            case ast.Constant(value=str(rule)):
                yield rule
            case ast.JoinedStr():
                assert ast.unparse(call.args[place]) == "f'{tag_type}_exists'"
                yield from (f"{cls.creates[0]}_exists" for cls in KINDS.values() if cls.creates)
            case ast.Name():
                assert passed_on, (
                    "a rule's name is a literal, or comes through a function's parameter"
                )
            case other:
                pytest.fail(f"line {call.lineno}: {ast.unparse(other)} is not a rule's name")


def rules() -> set[str]:
    """Every rule that the ledger can refuse under, but for those of the queue."""
    files = [
        SOURCE / "decision.py",
        SOURCE / "proposal.py",
        *sorted((SOURCE / "domain").rglob("*.py")),
    ]
    parsed = [tree for _, tree in trees(*files)]
    makers = rule_makers(*parsed)
    return {rule for tree in parsed for rule in rules_named_in(tree, makers)}


def rules_tested() -> set[str]:
    found = set()
    files = [
        path
        for path in TESTS.glob("test_*.py")
        if not path.name.startswith(("test_tlog_", "test_witness"))
    ]
    for _, tree in trees(*sorted(files)):
        for call in calls(tree, set(NAMING)):
            place = NAMING[str(call.func.id)] if isinstance(call.func, ast.Name) else 0
            match call.args[place : place + 1]:
                case [ast.Constant(value=str(rule))]:
                    found.add(rule)
    return found


def test_every_rule_has_a_test_that_is_refused_under_it() -> None:
    assert rules() - rules_tested() == set()


def test_the_tests_name_no_rule_that_is_not_there() -> None:
    elsewhere = {"too_many_in_a_list"}  # the sequencer's

    assert rules_tested() - rules() - elsewhere == set()


def test_the_search_for_rules_finds_them() -> None:
    assert {
        "wrong_stage",  # in a method
        "own_units_deed",  # through a function's parameter
        "own_extension",  # through a parameter of a function of another file
        "redemption_exists",  # from what a kind creates
        "record_too_large",  # at the door
        "unknown_actor_organisation",  # of every kind
    } <= rules()


def test_what_a_kind_creates_is_folded_so_that_a_second_is_seen() -> None:
    created = {cls.creates[0] for cls in KINDS.values() if cls.creates is not None}

    assert created <= FOLDED


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.__name__.rpartition(".")[2])
def test_every_area_has_its_file_of_tests(area: object) -> None:
    name = str(getattr(area, "__name__", "")).rpartition(".")[2]
    shared = {"founding": "decision"}

    assert (TESTS / f"test_domain_{shared.get(name, name)}.py").exists()
