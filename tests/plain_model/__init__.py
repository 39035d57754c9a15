"""A plain model of the town's cases: its books as they are kept on paper.

Nothing here is a folded state: a file is the list of what was entered into it, and every question
is answered by leafing through it. Nothing is imported of how the ledger folds, decides or counts.
"""
