"""docs/events.md and docs/cli.md say what the code does, all of it, and nothing else."""

from __future__ import annotations

import inspect
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import submission
from api.auth import Principal, Scope
from api.settings import Settings
from docs.generator import PAGES, introduction
from docs.generator.commands import SETTINGS, all_commands
from docs.generator.introduction import common_rules
from docs.generator.refusals import Rule, rules_of
from ledger import catalogue
from ledger.canonical import canonical_json
from ledger.catalogue import KINDS
from ledger.event import Actor
from ledger.fields import parts, rows
from ledger.refusals import Refusal, Refused
from tests.paper_ledger import PaperLedger
from tests.strategies import examples, proposals
from tests.test_domain_refusals import rules
from tests.test_domain_schemas import validator
from tests.town import cases, founding

DOCS = Path(__file__).parents[1] / "docs"
ALL_KINDS = sorted(KINDS)


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(kind: str) -> str:
    """What docs/events.md says about a kind."""
    (found,) = re.findall(
        rf'^<a id="{kind}"></a>\n\n(.*?)(?=^<a id=|^## |\Z)', text("events.md"), re.M | re.S
    )
    return str(found)


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_a_generated_page_is_current(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == PAGES[file](), "run `make docs`"


def test_every_link_within_a_page_leads_somewhere() -> None:
    for name in ("events.md", "cli.md"):
        page = text(name)
        headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
        places = {re.sub(r"[^\w\- ]", "", one).replace(" ", "-").lower() for one in headings}
        places |= set(re.findall(r'<a id="([^"]+)">', page))

        links = set(re.findall(r"\]\(#([^)]+)\)", page))

        assert links
        assert links <= places


# Kinds


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_kind_is_documented(kind: str) -> None:
    cls = KINDS[kind]

    said = section(kind)

    assert said.startswith(f"### {kind} {cls.term}\n")
    assert f"[`{kind}`](#{kind}) {cls.term}" in text("events.md")
    for row in rows(cls):
        assert f"| `{row.name}` | " in said
    for office in {one for standing in cls.proposers for one in standing.offices}:
        assert f"`{office}`" in said
    for rule in rules_of(cls):
        assert f"| `{rule.name}` | " in said


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_field_of_a_kind_says_what_it_means(kind: str) -> None:
    described = (KINDS[kind], *(part for _, part in parts(KINDS[kind])))

    silent = [f"{cls.__name__}.{row.name}" for cls in described for row in rows(cls)
              if not row.meaning]  # fmt: skip

    assert not silent


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_the_example_of_a_kind_is_a_body_that_can_be_proposed(kind: str) -> None:
    example = json.loads(json.dumps(KINDS[kind].example))

    event = catalogue.parse(kind, orjson.dumps(example))

    assert [error.message for error in validator(kind).iter_errors(example)] == []
    written = json.loads(canonical_json(event))
    assert catalogue.parse(kind, orjson.dumps(written)) == event
    assert example.keys() <= written.keys()
    assert example in [
        json.loads(one) for one in re.findall(r"```json\n(.*?)```", section(kind), re.S)
    ]


def test_a_tag_made_of_a_digest_is_not_shown_as_the_digest_of_a_name() -> None:
    said = section("fund_appropriated")

    assert "`fund_document:<digest>`" in said
    assert not re.search("fund_document:[0-9a-f]{64}", said)


# Rules


def test_every_rule_of_the_ledger_is_documented_and_no_other() -> None:
    documented = {rule.name for rule in common_rules()}
    for cls in KINDS.values():
        documented |= {rule.name for rule in rules_of(cls)}

    elsewhere = {"too_many_in_a_list"}  # the sequencer's

    assert documented == rules() | elsewhere


def says(rule: Rule, refusal: Refusal) -> bool:
    """Whether a documented rule is the one that a proposal was refused under, word for word."""

    def fits(documented: str | None, given: str | None) -> bool:
        if documented is None or given is None:
            return documented is given
        choices = (
            re.split("; or | or ", documented) if " " not in given else documented.split("; or ")
        )
        patterns = (re.escape(one).replace("…", ".*") for one in (documented, *choices))
        return any(re.fullmatch(pattern, given, re.DOTALL) for pattern in patterns)

    return (rule.name, rule.refusal) == (refusal.rule, type(refusal)) and all(
        fits(getattr(rule, name), getattr(refusal, name))
        for name in ("reason", "accepted", "field")
    )


@pytest.fixture(scope="module")
def town() -> PaperLedger:
    paper = PaperLedger()
    paper.accept(*founding(), *cases())
    return paper


@examples(200)
@given(data=st.data())
def test_what_a_proposal_is_refused_for_is_documented(
    town: PaperLedger, data: st.DataObject
) -> None:
    paper = town.copy()
    proposal = data.draw(proposals(paper.at))

    with suppress(Refused):
        refusal = paper.propose(proposal)
        documented = (*common_rules(), *rules_of(type(proposal.event)))

        assert refusal is None or any(says(rule, refusal) for rule in documented)


def test_a_rule_is_worded_as_far_as_its_source_tells() -> None:
    told = {rule.name: rule for rule in rules_of(KINDS["request_withdrawn"])}

    assert told["wrong_stage"].accepted.startswith(
        "request_withdrawn while it is filed or accepted"
    )
    assert told["unknown_request"].reason == "request … is not in this ledger"


def test_a_rule_for_an_office_that_may_not_propose_a_kind_is_not_among_its_rules() -> None:
    by_residents_too = {rule.name for rule in rules_of(KINDS["request_withdrawn"])}
    never_by_residents = {rule.name for rule in rules_of(KINDS["request_accepted"])}

    assert by_residents_too - never_by_residents == {"not_the_requester"}


# The introduction


def test_the_proposal_shown_is_one_that_the_api_takes() -> None:
    actor = Actor("clerk_a", "hotline", "p-hotline-clerk")
    shown = orjson.dumps(introduction.proposed())

    proposed, is_list = submission.proposals(shown, Principal(actor, frozenset({Scope.PROPOSE})), 1)

    assert not is_list
    assert proposed[0].event.kind == "request_filed"


def test_the_record_shown_is_one_that_can_be_read() -> None:
    recorded = catalogue.decode(1, introduction.recorded())

    assert recorded.tags == tuple(sorted(recorded.event.tags()))
    assert canonical_json(json.loads(introduction.recorded())) == introduction.recorded()


def test_every_rule_of_a_bodys_shape_is_documented() -> None:
    said = text("events.md").partition("What is wrong with the body")[2].partition("\n\n")[0]

    documented = set(re.findall(r"^\| `(\w+)` \|", said, re.MULTILINE))

    assert documented == {"wrong_type", *submission._RULES.values()}


# Commands


def test_every_command_is_documented() -> None:
    said = text("cli.md")
    commands: list[tuple[str, Any]] = list(all_commands())

    assert len(commands) > 5
    for name, command in commands:
        part = said.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert " ".join(command.help.partition("\n\n")[0].split()) in part
        for parameter in command.params:
            assert parameter.help in part
    assert re.findall(r"^## (mingzhang .*)$", said, re.MULTILINE) == [name for name, _ in commands]


def test_every_setting_is_documented() -> None:
    read = inspect.getsource(Settings.from_environment)

    names = re.findall(r'(?:given|number)\(\s*"(\w+)"', read)

    assert set(names) == set(SETTINGS)
    for name in names:
        assert f"| `MINGZHANG_{name}` | " in text("cli.md")
