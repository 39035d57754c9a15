"""The list of all projections: a new one is one new file and one name here."""

from __future__ import annotations

from projections import (
    deeds,
    donations,
    evaluation_disclosure,
    funds,
    honours,
    personal_data,
    points_archive,
    process_disclosure,
    project_disclosure,
    rankings,
    rewards,
)
from projections.projection import Projection

ALL: tuple[Projection, ...] = (
    project_disclosure.PROJECTION,
    process_disclosure.PROJECTION,
    evaluation_disclosure.PROJECTION,
    points_archive.PROJECTION,
    deeds.PROJECTION,
    rewards.PROJECTION,
    funds.PROJECTION,
    donations.PROJECTION,
    rankings.PROJECTION,
    honours.PROJECTION,
    personal_data.PROJECTION,
)
