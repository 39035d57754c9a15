"""Which refusals a decision can end in, read from the source of the rules."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple, TypeGuard

from api import problems
from docs.generator.values import (
    SITUATION,
    SUBJECT,
    UNKNOWN,
    Many,
    Scope,
    Subject,
    elements_of,
    evaluate,
    text,
    truth,
)
from ledger import decision
from ledger.event import Event
from ledger.markdown import code, table
from ledger.refusals import Refusal

MAX_DEPTH = 20


class Rule(NamedTuple):
    """One refusal as its source words it; `…` stands for what a proposal or a state gives."""

    name: str
    refusal: type[Refusal]
    reason: str
    accepted: str
    field: str | None


def rules_of(kind: type[Event]) -> tuple[Rule, ...]:
    """Every refusal that the kind's own rules can give, in the order in which they are checked."""
    known: dict[str, object] = {"event": SUBJECT, "situation": SITUATION}
    novelty = rules_in(decision._novelty, kind, known) if kind.creates else ()
    decide = rules_in(kind.decide, kind, {"self": SUBJECT, "situation": SITUATION})
    return tuple(dict.fromkeys((*novelty, *decide)))


def rules_table(rules: tuple[Rule, ...]) -> str:
    """The rules as a table of Markdown, each with the HTTP status of its refusal."""
    return table(
        ("Rule", "Status", "Refused", "Accepted", "Field"),
        (
            (code(rule.name), _status(rule), rule.reason, rule.accepted, _field(rule.field))
            for rule in rules
        ),
    )


def _status(rule: Rule) -> str:
    return str(problems.of_refusal(rule.refusal(rule.name, rule.reason, rule.accepted)).status)


def _field(field: str | None) -> str:
    return "" if field is None else " or ".join(map(code, field.split(" or ")))


def rules_in(function: Any, kind: type[Event], known: dict[str, object]) -> tuple[Rule, ...]:
    """Every refusal that a function can give, with what is known of its parameters."""
    found = _in_function(inspect.unwrap(function), kind, known, ())
    return tuple(dict.fromkeys(found))


@cache
def _definitions(file: str) -> dict[int, ast.FunctionDef]:
    """First line -> function of a file."""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    return {
        min([node.lineno, *(one.lineno for one in node.decorator_list)]): node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }


@cache
def _methods_of_states() -> dict[str, tuple[FunctionType, ...]]:
    """Name -> the methods of that name by which a folded state refuses."""
    found: dict[str, list[FunctionType]] = {}
    for name, module in sorted(sys.modules.items()):
        if not name.startswith("ledger.domain."):
            continue
        for cls in vars(module).values():
            if not isinstance(cls, type) or cls.__module__ != name or issubclass(cls, Event):
                continue
            for method in vars(cls).values():
                if isinstance(method, FunctionType) and _may_refuse(method):
                    found.setdefault(method.__name__, []).append(method)
    return {name: tuple(methods) for name, methods in found.items()}


def _may_refuse(method: FunctionType) -> bool:
    return "Refusal" in str(method.__annotations__.get("return"))


def _in_function(
    function: FunctionType, kind: type[Event], known: dict[str, object], above: tuple[Any, ...]
) -> Iterator[Rule]:
    if len(above) > MAX_DEPTH:
        raise RecursionError(f"the rules of {kind.kind} call each other too deeply")
    code = function.__code__
    body = _definitions(code.co_filename)[code.co_firstlineno].body
    scope = Scope(kind, function, dict(known))
    yield from _Walk(scope, (*above, function)).block(body)


class _Walk:
    """The way through one function."""

    def __init__(self, scope: Scope, functions: tuple[Any, ...]) -> None:
        self._scope = scope
        self._functions = functions

    def block(self, statements: list[ast.stmt]) -> Iterator[Rule]:
        for statement in statements:
            yield from self._statement(statement)
            if self._ends(statement):
                return

    def _ends(self, statement: ast.stmt) -> bool:
        """Whether nothing that follows is reached."""
        if isinstance(statement, ast.If):
            held = truth(statement.test, self._scope)
            branch = statement.body if held else statement.orelse
            return held is not None and any(self._ends(one) for one in branch)
        return isinstance(statement, ast.Return | ast.Raise)

    def _statement(self, statement: ast.stmt) -> Iterator[Rule]:
        match statement:
            case ast.If(test=test, body=body, orelse=other):
                yield from self._expression(test)
                held = truth(test, self._scope)
                if held is not False:
                    yield from self.block(body)
                if held is not True:
                    yield from self.block(other)
                if held is None:
                    self._forget([*body, *other])
            case ast.Assign(targets=[target], value=value):
                yield from self._expression(value)
                self._assign(target, evaluate(value, self._scope))
            case ast.For() | ast.While() | ast.Match() | ast.Try() | ast.With():
                self._forget([statement])
                for child in ast.iter_child_nodes(statement):
                    yield from self._part(child)
            case ast.FunctionDef() | ast.ClassDef():
                self._scope.known[statement.name] = UNKNOWN
            case _:
                for child in ast.iter_child_nodes(statement):
                    yield from self._part(child)

    def _part(self, node: ast.AST) -> Iterator[Rule]:
        if isinstance(node, ast.expr):
            yield from self._expression(node)
        elif isinstance(node, ast.stmt):
            yield from self._statement(node)
        else:
            for child in ast.iter_child_nodes(node):
                yield from self._part(child)

    def _assign(self, target: ast.expr, value: object) -> None:
        match target:
            case ast.Name(id=name):
                self._scope.known[name] = value
            case ast.Tuple(elts=parts):
                fits = isinstance(value, tuple) and len(value) == len(parts)
                several = value if fits and isinstance(value, tuple) else (UNKNOWN,) * len(parts)
                for part, one in zip(parts, several, strict=True):
                    self._assign(part, one)

    def _forget(self, statements: list[ast.stmt]) -> None:
        """What is bound in a branch or a loop is not known after it, nor at a loop's start."""
        for statement in statements:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    self._scope.known[node.id] = UNKNOWN

    def _expression(self, expression: ast.expr) -> Iterator[Rule]:
        match expression:
            case ast.IfExp(test=test, body=body, orelse=other):
                yield from self._expression(test)
                held = truth(test, self._scope)
                if held is not False:
                    yield from self._expression(body)
                if held is not True:
                    yield from self._expression(other)
                return
            case ast.Call():
                yield from self._call(expression)
        for child in ast.iter_child_nodes(expression):
            yield from self._part(child)

    def _call(self, call: ast.Call) -> Iterator[Rule]:
        called = self._called(call.func)
        if isinstance(called, type) and issubclass(called, Refusal):
            yield self._rule(called, call)
        elif self._is_ours(called) and called not in self._functions:
            known = self._arguments(called, call)
            yield from _in_function(called, self._scope.kind, known, self._functions)
        elif called is UNKNOWN and isinstance(call.func, ast.Attribute):
            # A method of a state: which state it is is not known here, so all that have it count.
            for method in _methods_of_states().get(call.func.attr, ()):
                if method not in self._functions:
                    names = inspect.signature(method).parameters
                    yield from _in_function(
                        method, self._scope.kind, dict.fromkeys(names, UNKNOWN), self._functions
                    )

    @staticmethod
    def _is_ours(called: object) -> TypeGuard[FunctionType]:
        return isinstance(called, FunctionType) and called.__module__.startswith("ledger.")

    def _called(self, function: ast.expr) -> object:
        match function:
            case ast.Name(id=name):
                return self._scope.name(name)
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
                return self._inherited(name)
            case ast.Attribute(value=of, attr=name):
                owner = evaluate(of, self._scope)
                if isinstance(owner, Subject):
                    return getattr(self._scope.kind, name)
        return evaluate(function, self._scope)

    def _inherited(self, name: str) -> object:
        present = self._scope.function.__qualname__.rpartition(".")[0]
        order = self._scope.kind.__mro__
        after = next(place for place, cls in enumerate(order) if cls.__qualname__ == present) + 1
        return next(vars(cls)[name] for cls in order[after:] if name in vars(cls))

    def _arguments(self, function: FunctionType, call: ast.Call) -> dict[str, object]:
        """Parameter -> what is known of its argument."""
        given = list(elements_of(call.args, self._scope))
        if isinstance(call.func, ast.Attribute):
            given.insert(0, SUBJECT)
        named = {one.arg: evaluate(one.value, self._scope) for one in call.keywords}
        known: dict[str, object] = {}
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind is parameter.VAR_POSITIONAL:
                known[parameter.name], given = tuple(given), []
            elif given and isinstance(given[0], Many):
                known[parameter.name] = UNKNOWN
            elif given:
                known[parameter.name] = given.pop(0)
            else:
                known[parameter.name] = named.get(parameter.name, parameter.default)
        return known

    def _rule(self, refusal: type[Refusal], call: ast.Call) -> Rule:
        values = dict(zip(("rule", "reason", "accepted", "field"), call.args, strict=False))
        values |= {one.arg: one.value for one in call.keywords if one.arg}
        field = evaluate(values.get("field"), self._scope)
        return Rule(
            text(evaluate(values["rule"], self._scope)),
            refusal,
            text(evaluate(values["reason"], self._scope)),
            text(evaluate(values["accepted"], self._scope)),
            None if field is None else text(field).replace("; or ", " or "),
        )
