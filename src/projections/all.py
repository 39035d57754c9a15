"""The list of all projections: a new one is one new file and one name here."""

from __future__ import annotations

from projections import (
    agents,
    cooperation,
    deeds,
    disclosures,
    donations,
    evaluation_disclosure,
    funds,
    honours,
    interaction,
    pairings,
    people,
    personal_data,
    points_archive,
    process_disclosure,
    project_disclosure,
    rankings,
    rewards,
    six_steps,
    venues,
    volunteering,
    windows,
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
    volunteering.PROJECTION,
    rankings.PROJECTION,
    honours.PROJECTION,
    people.PROJECTION,
    interaction.PROJECTION,
    six_steps.PROJECTION,
    pairings.PROJECTION,
    agents.PROJECTION,
    venues.PROJECTION,
    cooperation.PROJECTION,
    windows.PROJECTION,
    disclosures.PROJECTION,
    personal_data.PROJECTION,
)
