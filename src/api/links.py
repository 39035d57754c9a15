"""From a figure to the cases behind it: the one place that knows both."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from projections.evaluation_reading import JudgedFigure, JudgedFigures
from projections.process_reading import CaseFigure, CaseFigures

PROCESS_CASES: Final = "/v1/disclosures/process/cases"
EVALUATION_CASES: Final = "/v1/disclosures/evaluation/cases"

Part = dict[str, Any]
"""Which part of a disclosure: the names of its parameters and their values; None for all."""


def cases_url(path: str, figure: str, part: Part) -> str:
    """Where the cases behind a figure of a part are listed."""
    given = {name: value for name, value in part.items() if value}
    return f"{path}?{urlencode({'figure': figure, **given})}"


def case_counts(figures: CaseFigures) -> dict[CaseFigure, int]:
    """How many cases each figure counts, of figures as they are read or as they were published."""
    return {
        CaseFigure.OPEN: figures.open,
        CaseFigure.OVERDUE: figures.overdue,
        CaseFigure.CLEARED: figures.cleared,
        CaseFigure.CLEARED_IN_TIME: figures.cleared_in_time,
        CaseFigure.CLEARED_LATE: figures.cleared_with_term - figures.cleared_in_time,
        CaseFigure.CLEARED_WITHOUT_TERM: figures.without_term,
        CaseFigure.ON_TIME_EXCLUDED: figures.on_time_excluded,
        CaseFigure.RETURNED: figures.returns,
        CaseFigure.EXTENDED: figures.extensions,
        CaseFigure.CONTESTED: figures.contested,
    }


def case_links(figures: CaseFigures, part: Part) -> dict[str, str]:
    """For each figure that counts any case, where these are listed."""
    counts = case_counts(figures)
    return {
        figure.value: cases_url(PROCESS_CASES, figure, part)
        for figure, count in counts.items()
        if count
    }


def judged_counts(figures: JudgedFigures) -> dict[JudgedFigure, int]:
    """The same for the figures of the evaluation disclosure."""
    return {
        JudgedFigure.REACHED: figures.reached,
        JudgedFigure.UNREACHABLE: figures.unreachable,
        JudgedFigure.REFUSED: figures.refused,
        JudgedFigure.RESOLVED: figures.resolved,
        JudgedFigure.UNRESOLVED: figures.resolution_asked - figures.resolved,
        JudgedFigure.SATISFIED: figures.satisfied_on_call,
        JudgedFigure.UNSATISFIED: figures.satisfaction_asked - figures.satisfied_on_call,
        JudgedFigure.RATED: figures.rated,
        JudgedFigure.POORLY_RATED: figures.poor_ratings,
        JudgedFigure.RECTIFIED: figures.poor_rectified,
        JudgedFigure.CONTESTED: figures.contested,
        JudgedFigure.RESOLUTION_EXCLUDED: figures.resolution_asked - figures.resolution_asked_net,
        JudgedFigure.SATISFACTION_EXCLUDED: figures.rated - figures.rated_net
        + figures.satisfaction_asked - figures.satisfaction_asked_net,
    }  # fmt: skip


def judged_links(figures: JudgedFigures, part: Part) -> dict[str, str]:
    """Where the cases of each are listed."""
    counts = judged_counts(figures)
    return {
        figure.value: cases_url(EVALUATION_CASES, figure, part)
        for figure, count in counts.items()
        if count
    }
