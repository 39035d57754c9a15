"""docs/events.md: every kind of event, for whoever proposes or reads them."""

from __future__ import annotations

from docs.generator.introduction import introduction
from docs.generator.notice import GENERATED
from docs.generator.refusals import rules_of, rules_table
from ledger.dictionary import described_kinds
from ledger.event import Event
from ledger.markdown import page


def events_page() -> str:
    """The page."""
    return page("# Events 事件", GENERATED, introduction(), *described_kinds(_rules))


def _rules(kind: type[Event]) -> str:
    rules = rules_table(rules_of(kind))
    return page("Rules, in the order in which they are checked:", rules).rstrip("\n")
