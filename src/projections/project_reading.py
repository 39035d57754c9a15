"""What the project disclosure shows: who serves, what is asked for, the subjects in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from projections.reading import AsOf, snapshot

NAME = "project_disclosure"
_BODIES = """select organisation, type, name, parent, functions, address, hours, telephone
    from service_body where (%(type)s::text is null or type = %(type)s)
    order by type, organisation limit %(limit)s"""
_ASKED = """select community, category, requests from requests_asked
    where (%(community)s::text is null or community = %(community)s)
    order by community, category limit %(limit)s"""
# Of the packs whose date of effect has come, the newest is in force.
_SUBJECTS = """select code, name, pack_version from listed_subject
    where pack_version = (select max(pack_version) from listed_subject
        where effective_from <= %(at)s) order by code limit %(limit)s"""


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation and how to reach it."""

    organisation: str
    type: str
    name: str
    parent: str | None
    functions: str | None
    address: str | None
    hours: str | None
    telephone: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests of a category that a community has had."""

    community: str
    category: str
    requests: int


@dataclass(frozen=True, slots=True)
class Subject:
    """An entry of the controlled list in force."""

    code: str
    name: str
    pack_version: int


@dataclass(frozen=True, slots=True)
class ProjectDisclosure:
    """The project disclosure as of one moment."""

    as_of: AsOf
    bodies: tuple[Body, ...]
    asked: tuple[Asked, ...]
    subjects: tuple[Subject, ...]


async def project(
    connection: AsyncConnection[Any],
    *,
    at: datetime | None = None,
    body_type: str | None = None,
    community: str | None = None,
) -> ProjectDisclosure:
    """The bodies (of one type), the requests (of one community), the subjects in force at `at`."""
    tables = ("service_body", "requests_asked", "listed_subject")
    async with snapshot(connection, NAME, tables, at) as seen:
        return ProjectDisclosure(
            seen.as_of,
            await seen.all(Body, _BODIES, {"type": body_type}),
            await seen.all(Asked, _ASKED, {"community": community}),
            await seen.all(Subject, _SUBJECTS),
        )


async def names(connection: AsyncConnection[Any]) -> dict[str, str]:
    """The name of every organisation by its id, to label figures with."""
    async with snapshot(connection, NAME, ("service_body",), None) as seen:
        found = await seen.all(Body, _BODIES, {"type": None})
    return {body.organisation: body.name for body in found}
