"""From a request's body to proposals: one {kind, version, occurred_at, cause, body} or a list.

A channel's keys act for residents: then the actor is the resident's random id in the case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from api.auth import Principal
from api.document import parse
from api.problems import Problem
from ledger import catalogue
from ledger.decision import Office
from ledger.event import ID_PATTERN, Event, Instant
from ledger.proposal import Proposal

MEMBERS = ("kind", "version", "occurred_at", "cause", "body", "resident")
_MEMBERS = frozenset(MEMBERS)
_ID = re.compile(ID_PATTERN)
_EVENT_ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)

OWN_ID = {
    "request_filed": "requester",
    "account_opened": "holder",
    "opinion_posted": "poster",
    "praise_given": "giver",
    "agent_entrusted": "requester",
    "home_visit_requested": "requester",
    "place_booked": "requester",
    "order_chosen": "chosen_by",
    "booking_made": "requester",
    "application_filed": "requester",
}
"""Kinds that make the resident's random id: kind -> the field in which it stands."""
BY_RESIDENTS = tuple(
    kind
    for kind, cls in sorted(catalogue.KINDS.items())
    if any(Office.RESIDENT in offices for offices, _ in cls.proposers)
)
"""The kinds that a channel's key may propose."""

# pydantic's names of what is wrong, in the words of the API; others keep their own.
_RULES = {
    "extra_forbidden": "unknown_field",
    "missing": "field_missing",
    "enum": "not_an_option",
    "literal_error": "not_an_option",
    "timezone_aware": "date_without_zone",
    "string_pattern_mismatch": "wrong_pattern",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "too_long": "too_long",
    "too_short": "too_short",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "value_error": "invalid_value",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the request a proposal stands: its index in a list, or None for a single one."""

    index: int | None

    def pointer(self, *parts: str | int) -> str:
        """The JSON pointer (RFC 6901) of a member below the proposal."""
        steps = (*(() if self.index is None else (self.index,)), *parts)
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)

    def problem(
        self, status: int, rule: str, detail: str, accepted: str, *parts: str | int
    ) -> Problem:
        """A problem with the member that `parts` lead to; a body's field goes by its own name."""
        named = parts[1:] if len(parts) > 1 and parts[0] == "body" else parts
        return Problem(
            status,
            rule,
            detail,
            accepted,
            field=".".join(map(str, named)) or None,
            pointer=self.pointer(*parts),
            index=self.index,
        )


def proposals(raw: bytes, principal: Principal, max_events: int) -> tuple[list[Proposal], bool]:
    """The proposals of a body, and whether it was a list; raises a `Problem`."""
    document = parse(raw)
    if isinstance(document, dict):
        return [_proposal(document, principal, Place(None))], False
    if not isinstance(document, list) or not document:
        raise Problem(
            422, "not_a_proposal", "the body is neither a proposal nor a list of at least one",
            "an object {kind, body}, or a list of them",
        )  # fmt: skip
    if len(document) > max_events:
        raise Problem(
            422, "too_many_in_a_list", f"{len(document)} proposals in one list",
            f"at most {max_events} proposals",
        )  # fmt: skip
    return [_proposal(one, principal, Place(index)) for index, one in enumerate(document)], True


def _proposal(document: Any, principal: Principal, place: Place) -> Proposal:
    if not isinstance(document, dict):
        raise place.problem(422, "wrong_type", "a proposal is an object", "an object {kind, body}")
    unknown = document.keys() - _MEMBERS
    if unknown:
        name = min(unknown)[:100]
        raise place.problem(
            422, "unknown_field", f"a proposal has no {name!r}", f"only {', '.join(MEMBERS)}", name
        )
    event = _event(document, place)
    cause = document.get("cause")
    if cause is not None and not (isinstance(cause, str) and _EVENT_ID.match(cause)):
        raise place.problem(
            422, "wrong_pattern", "cause is not the id of an event", "a UUID in lower case", "cause"
        )
    resident = document.get("resident")
    actor = principal.actor
    if principal.is_channel:
        actor = actor._replace(principal=_resident(event, resident, place))
    elif resident is not None:
        raise place.problem(
            422, "not_a_channel", "only a channel's key acts for a resident", "no resident",
            "resident",
        )  # fmt: skip
    return Proposal(event, actor, _occurred_at(document.get("occurred_at"), place), cause)


def _event(document: dict[str, Any], place: Place) -> Event:
    kind, body = document.get("kind"), document.get("body")
    if not isinstance(kind, str):
        raise place.problem(422, _absent(kind), "a proposal names its kind", "a text", "kind")
    cls = catalogue.KINDS.get(kind)
    if cls is None:
        raise place.problem(
            422, "unknown_kind", f"kind {kind[:100]!r} is not in the catalogue",
            "a kind of /v1/schemas", "kind",
        )  # fmt: skip
    if not isinstance(body, dict):
        raise place.problem(422, _absent(body), "the body is an object", "an object", "body")
    version = document.get("version", cls.version)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise place.problem(
            422, "wrong_type", "a version is a whole number from 1", f"{cls.version}", "version"
        )
    if version != cls.version:
        body = _upcast(cls, version, body, place)
    try:
        return catalogue.parse(kind, orjson.dumps(body))
    except ValidationError as error:
        raise _invalid(error, cls, body, place) from None


def _absent(value: object) -> str:
    return "field_missing" if value is None else "wrong_type"


def _upcast(cls: type[Event], version: int, body: dict[str, Any], place: Place) -> Any:
    if version < cls.version:
        try:
            return catalogue.upcast(cls, version, body)
        except (catalogue.UnknownKind, LookupError, TypeError, ValueError):
            pass
    raise place.problem(
        422,
        "future_version" if version > cls.version else "unknown_version",
        f"version {version} of {cls.kind} is not one that this ledger knows",
        f"version {cls.version}",
        "version",
    )


def _occurred_at(text: Any, place: Place) -> datetime | None:
    if text is None:
        return None
    accepted = "a time with its zone (RFC 3339), such as 2026-03-01T16:00:00+08:00"
    if not isinstance(text, str):
        raise place.problem(422, "wrong_type", "occurred_at is a text", accepted, "occurred_at")
    try:
        return _INSTANT.validate_json(orjson.dumps(text), strict=True)
    except ValidationError:
        rule, detail = _why_no_instant(text)
    raise place.problem(422, rule, detail, accepted, "occurred_at")


def _why_no_instant(text: str) -> tuple[str, str]:
    try:
        has_zone = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return "not_a_time", "occurred_at is not a time"
    if has_zone:
        return "out_of_range", "occurred_at lies outside of the years 1 to 9999 in UTC"
    return "date_without_zone", "occurred_at names no zone"


def _resident(event: Event, resident: Any, place: Place) -> str:
    """The random id under which a channel's resident acts in the case that the event is about."""
    if all(Office.RESIDENT not in offices for offices, _ in event.proposers):
        raise place.problem(
            403, "office_may_not", f"a resident may not propose {event.kind}",
            f"one of {', '.join(BY_RESIDENTS)}", "kind",
        )  # fmt: skip
    own = getattr(event, OWN_ID[event.kind]) if event.kind in OWN_ID else None
    if own is None:
        if not isinstance(resident, str) or not _ID.match(resident):
            raise place.problem(
                422, _absent(resident), f"{event.kind} through a channel names its resident",
                "the requester's random id of that case", "resident",
            )  # fmt: skip
        return resident
    if resident is not None:
        raise place.problem(
            422, "unknown_field", f"{event.kind} names its resident in the body",
            "no resident beside the body", "resident",
        )  # fmt: skip
    return str(own)


def _invalid(error: ValidationError, cls: type[Event], body: Any, place: Place) -> Problem:
    """The first thing wrong with a body: never its value, which may be personal."""
    found = error.errors(include_url=False, include_input=False)[0]
    steps = _steps(found["loc"], body)
    kind_of_error = found["type"]
    if kind_of_error.endswith("_type"):
        rule = "wrong_type"
    else:
        rule = _RULES.get(kind_of_error, kind_of_error)
    accepted = found["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if kind_of_error == "extra_forbidden":
        accepted = f"only {', '.join(cls.model_fields)}" if len(steps) == 1 else "no such field"
    elif kind_of_error == "missing":
        accepted = f"{cls.kind} with this field: see /v1/schemas/{cls.kind}"
    name = ".".join(map(str, steps)) or "body"
    return place.problem(422, rule, f"{name}: {found['msg']}", accepted, "body", *steps)


def _steps(location: tuple[int | str, ...], body: Any) -> list[int | str]:
    """The path of an error through the body itself, without pydantic's names of alternatives."""
    steps: list[int | str] = []
    for part in location:
        if isinstance(body, dict) and isinstance(part, str):
            if part not in body and steps and part != location[-1]:
                continue
            steps.append(part)
            body = body.get(part)
        elif isinstance(body, list) and isinstance(part, int) and part < len(body):
            steps.append(part)
            body = body[part]
    return steps
