"""What stands at the head of a generated page, so that nobody edits it by hand."""

from __future__ import annotations

GENERATED = (
    "<!-- Written by `make docs` from the code; tests/test_event_docs.py keeps it current. -->"
)
