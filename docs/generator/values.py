"""What is known of an expression without running it: constants, enums, parameters, joined texts.

Whatever depends on a proposal or on the ledger's states is `UNKNOWN`, and reads as `…`.
"""

from __future__ import annotations

import ast
import builtins
import operator
from collections.abc import Callable, Mapping
from enum import Enum, EnumType
from types import ModuleType
from typing import Any, Final, NamedTuple

from ledger.decision import Office
from ledger.event import Event


class Unknown:
    """A value that only a proposal or a state gives."""

    def __init__(self, path: str = "") -> None:
        self.path = path
        """Where it is read from, such as `situation.actor.office`."""


class Many(Unknown):
    """Any number of unknown values, in a tuple."""


class Either(NamedTuple):
    """One value or the other."""

    first: object
    second: object


class Subject:
    """The event under decision: of its class alone something is known."""


UNKNOWN: Final = Unknown()
MANY: Final = Many()
SUBJECT: Final = Subject()
SITUATION: Final = Unknown("situation")

_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Scope(NamedTuple):
    """Where an expression stands: a function on its way through the rules of a kind."""

    kind: type[Event]
    function: Any
    """A `FunctionType`, which the type checker would take for a method here."""
    known: dict[str, object]
    """Parameters and local names, as far as they are known here."""

    def name(self, name: str) -> object:
        """What a name stands for."""
        if name in self.known:
            return self.known[name]
        if name in self.function.__code__.co_varnames:
            return UNKNOWN
        return self.function.__globals__.get(name, getattr(builtins, name, UNKNOWN))


def is_known(value: object) -> bool:
    """Whether nothing about a value is left open."""
    if isinstance(value, tuple) and not isinstance(value, Either):
        return all(map(is_known, value))
    return not isinstance(value, Unknown | Either | Subject)


def text(value: object) -> str:
    """A value as it stands in a sentence."""
    match value:
        case Either(first, second):
            return f"{text(first)}; or {text(second)}"
        case _ if is_known(value):
            return str(value)
    return "…"


def truth(expression: ast.expr, scope: Scope) -> bool | None:
    """Whether a condition holds, or None where that is open."""
    match expression:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            held = truth(operand, scope)
            return None if held is None else not held
        case ast.BoolOp(op=ast.And(), values=values):
            return _all([truth(one, scope) for one in values])
        case ast.BoolOp(op=ast.Or(), values=values):
            held = _all([None if one is None else not one for one in _truths(values, scope)])
            return None if held is None else not held
    value = evaluate(expression, scope)
    if isinstance(value, tuple) and not isinstance(value, Either):
        if any(not isinstance(one, Many) for one in value):
            return True
        return None if value else False
    return bool(value) if is_known(value) else None


def _truths(expressions: list[ast.expr], scope: Scope) -> list[bool | None]:
    return [truth(one, scope) for one in expressions]


def _all(conditions: list[bool | None]) -> bool | None:
    if False in conditions:
        return False
    return None if None in conditions else True


def evaluate(expression: ast.expr | None, scope: Scope) -> object:
    """The value of an expression, as far as it is known."""
    match expression:
        case None:
            return None
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return scope.name(name)
        case ast.Attribute(value=of, attr=name):
            return _attribute(evaluate(of, scope), name, scope.kind)
        case ast.Tuple(elts=elements):
            return elements_of(elements, scope)
        case ast.JoinedStr(values=parts):
            return "".join(_part(part, scope) for part in parts)
        case ast.IfExp(test=test, body=body, orelse=other):
            held = truth(test, scope)
            if held is None:
                return Either(evaluate(body, scope), evaluate(other, scope))
            return evaluate(body if held else other, scope)
        case ast.BoolOp(op=ast.Or(), values=values):
            return _first(values, scope)
        case ast.Compare(left=left, ops=[comparison], comparators=[right]):
            return _compare(evaluate(left, scope), comparison, evaluate(right, scope), scope.kind)
        case ast.Call(func=ast.Attribute(value=between, attr="join"), args=[several]):
            return _join(evaluate(between, scope), evaluate(several, scope))
    return UNKNOWN


def elements_of(elements: list[ast.expr], scope: Scope) -> tuple[object, ...]:
    """The values of a tuple or of positional arguments, with what is starred spread out."""
    found: list[object] = []
    for element in elements:
        if isinstance(element, ast.Starred):
            several = evaluate(element.value, scope)
            spread = isinstance(several, tuple) and not isinstance(several, Either)
            found.extend(several if spread else (MANY,))  # type: ignore[arg-type]
        else:
            found.append(evaluate(element, scope))
    return tuple(found)


def _part(part: ast.expr, scope: Scope) -> str:
    if isinstance(part, ast.FormattedValue):
        value = evaluate(part.value, scope)
        return "…" if isinstance(value, Either) else text(value)
    return text(evaluate(part, scope))


def _attribute(of: object, name: str, kind: type[Event]) -> object:
    if isinstance(of, Subject):
        return UNKNOWN if name in kind.model_fields else getattr(kind, name, UNKNOWN)
    if isinstance(of, Enum | EnumType | ModuleType):
        return getattr(of, name, UNKNOWN)
    return Unknown(f"{of.path}.{name}") if isinstance(of, Unknown) and of.path else UNKNOWN


def _first(values: list[ast.expr], scope: Scope) -> object:
    for one in values:
        held = truth(one, scope)
        if held is None:
            return UNKNOWN
        if held:
            return evaluate(one, scope)
    return evaluate(values[-1], scope)


def _compare(left: object, comparison: ast.cmpop, right: object, kind: type[Event]) -> object:
    if isinstance(left, Unknown) and left.path == "situation.actor.office":
        held = _office_is(right, kind)
        if held is not None and isinstance(comparison, ast.Eq | ast.NotEq):
            return held == isinstance(comparison, ast.Eq)
        return UNKNOWN
    compare = _COMPARISONS.get(type(comparison))
    if compare is None or not (is_known(left) and is_known(right)):
        return UNKNOWN
    return compare(left, right)


def _office_is(office: object, kind: type[Event]) -> bool | None:
    """Whether a proposer of the kind acts in this office; None where some do."""
    offices = {one for standing in getattr(kind, "proposers", ()) for one in standing.offices}
    if not isinstance(office, Office) or not offices:
        return None
    if office not in offices:
        return False
    return True if offices == {office} else None


def _join(between: object, several: object) -> object:
    if isinstance(several, Mapping):
        several = tuple(several)
    if isinstance(between, str) and isinstance(several, tuple) and not isinstance(several, Either):
        return between.join(text(one) for one in several)
    return UNKNOWN
