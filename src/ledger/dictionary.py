"""The data dictionary: the envelope, every kind of event and its fields, in plain words."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from types import ModuleType
from typing import Any, get_origin

from ledger.catalogue import AREAS
from ledger.decision import describe
from ledger.event import Event
from ledger.fields import is_optional, lists, parts, rows
from ledger.markdown import anchor, code, json_block, link, page, table

_INTRODUCTION = """\
What the records in this bundle hold. An event is one act of the town: a resident files a request, a
department reports in, points are awarded. It is named in the past tense and never changed or
removed. SHA-256 of a zero byte and the record is its leaf in the Merkle tree (RFC 6962); a record
does not hold its position: record *n* is leaf *n* - 1.

A field marked *personal* holds `{"commitment": "…"}`, the SHA-256 of 32 random bytes and the value,
both of which are kept elsewhere: from this bundle nobody learns it."""
_ENVELOPE = (
    (
        "`actor`",
        (
            "who proposed it: `office`, `organisation` and `principal`; a resident's principal is a"
            " random id that belongs to this case alone"
        ),
    ),
    (
        "`body`",
        (
            "the body as proposed, what was left out filled in, with commitments in place of"
            " personal values"
        ),
    ),
    ("`cause`", "the id of the event that it follows from, or null"),
    ("`id`", "the event's own id: a UUID, ordered by time"),
    (
        "`kind`, `version`",
        (
            "what the body is; a body of an older version is brought to the present one when it is"
            " read"
        ),
    ),
    ("`occurred_at`", "when it happened, as the proposer says; in UTC"),
    (
        "`recorded_at`",
        "when the ledger accepted it; in UTC, never earlier than that of the event before",
    ),
    ("`tags`", "what it is about, sorted"),
)


def data_dictionary() -> str:
    """All of it, for whoever reads records without the ledger at hand."""
    return page(
        "# Data dictionary 数据字典",
        _INTRODUCTION,
        "## The record and its envelope 记录",
        envelope_table(),
        *described_kinds(),
    )


def envelope_table() -> str:
    """The members of a record."""
    return table(("Member", "What it is"), _ENVELOPE)


def described_kinds(more: Callable[[type[Event]], str] = lambda _: "") -> Iterator[str]:
    """Blocks of Markdown: all kinds by area, with what `more` says of each, and their lists."""
    areas = [area for area in AREAS if area.KINDS]
    yield "## Contents 目录"
    yield "\n".join(_contents(areas))
    for area in areas:
        yield _area(area, more)
    yield "## Lists of values 取值"
    yield "A field that takes one of a list says so and links here."
    for enum in _lists(areas):
        yield _list(enum)


def _contents(areas: list[ModuleType]) -> Iterator[str]:
    for area in areas:
        kinds = ", ".join(f"{link(cls.kind)} {cls.term}" for cls in area.KINDS)
        yield f"- [{_title(area)}](#{_name(area)}): {kinds}"
    yield "- [Lists of values 取值](#lists-of-values-取值)"


def _name(area: ModuleType) -> str:
    return area.__name__.rpartition(".")[2].replace("_", "-")


def _title(area: ModuleType) -> str:
    return _flowing(area.__doc__).partition(":")[0].rstrip(".")


def _flowing(text: str | None) -> str:
    """A docstring's paragraphs, each in one line."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _area(area: ModuleType, more: Callable[[type[Event]], str]) -> str:
    about = _flowing(area.__doc__).partition(":")[2].strip()
    return page(
        anchor(_name(area)),
        f"## {_title(area)}",
        about[:1].upper() + about[1:],
        *(_kind(cls, more) for cls in area.KINDS),
    ).rstrip("\n")


def _kind(cls: type[Event], more: Callable[[type[Event]], str]) -> str:
    return page(
        anchor(cls.kind),
        f"### {cls.kind} {cls.term}",
        _flowing(inspect.getdoc(cls)),
        "\n".join(_facts(cls)),
        _fields(cls),
        *_parts(cls),
        more(cls),
        "Example of a body:",
        json_block(cls.example),
    ).rstrip("\n")


def _facts(cls: type[Event]) -> Iterator[str]:
    yield f"- Who may propose it: {_proposers(cls)}."
    if cls.creates is not None:
        tag_type, field = cls.creates
        minted = "" if cls.model_fields[field].is_required() else ", or minted where it is left out"
        yield f"- It creates: {code(tag_type)}, under the id in {code(field)}{minted}."
        if "continues" in vars(cls):
            yield f"- It may go on with what is there: {_flowing(cls.continues.__doc__)}"
    yield f"- Its tags: {', '.join(_tags(cls))}."
    concerned = _concerned(cls)
    if concerned:
        types = " and ".join(code(f"{tag_type}:…") for tag_type in concerned)
        about = cls.concerns.__doc__ or "Those of everybody whom it concerns by then."
        yield f"- Its tags known only as it is accepted: {types}. {_flowing(about)}"
    if cls.version > 1:
        yield f"- Its version: {cls.version}; older records are brought to it when they are read."


def _proposers(cls: type[Event]) -> str:
    if not cls.proposers:
        return "nobody but the founder whom it names"
    return re.sub(r"\b(?!or\b|of\b)[a-z_]+\b", r"`\g<0>`", describe(cls.proposers))


def _tags(cls: type[Event]) -> Iterator[str]:
    """The tags, with the fields that they are made of as `<field>`."""
    least = _marked(cls, everything=False).tags()
    for tag in dict.fromkeys(_marked(cls, everything=True).tags()):
        fields = [cls.model_fields[name] for name in re.findall(r"<(\w+)", tag)]
        several = any(get_origin(field.annotation) is tuple for field in fields)
        given = "" if tag in least else " if given"
        # What is made of a field's digest would else be shown as that of the field's name.
        shown = re.sub(":[0-9a-f]{64}$", ":<digest>", tag)
        yield f"{code(shown)}{' for each' if several else given}"


def _marked(cls: Any, *, everything: bool, above: str = "") -> Any:
    """An event, or a part of one, whose fields hold their own names."""
    within = dict(parts(cls))
    values: dict[str, Any] = {}
    for name, info in cls.model_fields.items():
        place = f"{above}{name}"
        marker: Any = f"<{place}>"
        if name in within:
            marker = _marked(within[name], everything=everything, above=f"{place}.")
        several = get_origin(info.annotation) is tuple
        left_out = not everything and is_optional(info)
        values[name] = None if left_out else (marker,) if several else marker
    return cls.model_construct(**values)


def _concerned(cls: type[Event]) -> list[str]:
    """The types of the tags that `concerns` may add."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls.concerns)))
    starts = [
        str(node.values[0].value).partition(":")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        and isinstance(node.values[0], ast.Constant)
        and not _is_read(node, tree)
    ]
    return list(dict.fromkeys(starts))


def _is_read(text: ast.JoinedStr, tree: ast.AST) -> bool:
    """Whether a text names a history that is looked at, in `situation.state(…)`."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and text in node.args
        for node in ast.walk(tree)
    )


def _fields(cls: Any) -> str:
    return table(
        ("Field", "Holds", "Left out", "Personal", "Meaning"),
        (
            (code(row.name), row.holds, row.left_out, row.held_for or "", row.meaning)
            for row in rows(cls)
        ),
    )


def _parts(cls: type[Event]) -> Iterator[str]:
    several: dict[Any, list[str]] = {}
    for field, part in parts(cls):
        several.setdefault(part, []).append(code(field))
    for part, fields in several.items():
        yield f"{part.__name__}, in {', '.join(fields)}: {_flowing(part.__doc__)}"
        yield _fields(part)


def _lists(areas: list[ModuleType]) -> list[type[Enum]]:
    found = {enum: None for area in areas for cls in area.KINDS for enum in lists(cls)}
    return sorted(found, key=lambda enum: enum.__name__)


def _list(enum: type[Enum]) -> str:
    meanings = _meanings(enum)
    several = [
        f"{code(one.value)}: {meanings.get(one.name, '')}".removesuffix(": ") for one in enum
    ]
    return page(
        anchor(enum.__name__),
        f"### {enum.__name__}",
        _flowing(enum.__doc__),
        "\n".join(f"- {one}" for one in several) if meanings else ", ".join(several),
    ).rstrip("\n")


@cache
def _meanings(enum: type[Enum]) -> dict[str, str]:
    """Member -> the docstring below it."""
    (definition,) = ast.parse(inspect.getsource(enum)).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for before, after in zip(definition.body, definition.body[1:], strict=False):
        match before, after:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(ast.Constant(str(text))):
                found[name] = _flowing(text)
    return found
