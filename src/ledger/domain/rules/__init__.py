"""What a town promises: packs of rules, working calendars, and the terms that follow from them."""
