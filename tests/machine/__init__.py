"""The parts of the machine that lives random lives of the town: drafts of acts, and invariants."""
