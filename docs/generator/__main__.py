"""`make docs`: writes the pages that follow from the code."""

from __future__ import annotations

from docs.generator import PAGES

for file, written in PAGES.items():
    file.write_text(written(), encoding="utf-8")
    print(f"Wrote {file.name}")
