"""The load on a UmaDB server, from a process of its own: `python -m benchmarks.umadb_load`.

A thread a client, all of them on one connection, as HTTP/2 allows: a connection each was slower.
The order is JSON on stdin, the measurement JSON on stdout. (The package sets a handler of SIGINT
when it is imported, one more reason for a process of its own.)
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from umadb import AppendCondition, Client, Event, IntegrityError, Query, QueryItem

from benchmarks import events, load, looks, machine
from benchmarks.load import Plan

MAX_LIST_EVENTS = 1_000


class UmaClient:
    """Appends to a case of its own, knowing the position of the case's last event."""

    def __init__(self, client: Client, index: int, last: int) -> None:
        self._client = client
        self._request = f"request-{index}"
        self._query = Query([QueryItem(tags=[events.boundary(self._request)])])
        self._last = last
        self._number = index

    def attempt(self, must_fail: bool) -> bool:
        """The same event and condition as `in_process.DoorClient` sends."""
        self._number += 1
        after = self._last - 1 if must_fail else self._last
        condition = AppendCondition(self._query, after)
        try:
            self._last = self._client.append([_event(self._request, self._number)], condition)
        except IntegrityError:
            return False
        return True


def _event(request: str, number: int) -> Event:
    return Event(events.KIND, events.record(number), events.tags(request))


def _append(client: Client, order: dict[str, Any]) -> dict[str, Any]:
    clients = order["clients"]
    # Each case has one event: a condition can be stale at once.
    before = client.append([_event(f"request-{index}", index) for index in range(clients)])
    attempts = [
        UmaClient(client, index, before - clients + 1 + index).attempt for index in range(clients)
    ]
    cpu = {"client": machine.own_cpu, "server": machine.process_cpu(order["server_pid"])}
    measured = load.run_threads(attempts, Plan(*order["plan"]), cpu)
    found = (client.head() or 0) - before
    if found != measured.all_stored:
        raise load.WrongOutcome(f"{found} events in the log, {measured.all_stored} acknowledged")
    return asdict(measured)


def _read(client: Client, order: dict[str, Any]) -> dict[str, Any]:
    for first in range(0, order["events"], MAX_LIST_EVENTS):
        numbers = range(first, min(first + MAX_LIST_EVENTS, order["events"]))
        client.append(
            [_event(looks.request_of(number, order["events"]), number) for number in numbers]
        )

    def read(request: str | None) -> int:
        query = None if request is None else Query([QueryItem(tags=[events.boundary(request)])])
        return sum(1 for _ in client.read(query))

    return looks.measure(read, order["events"], order["looks"])._asdict()


def main() -> None:
    """Does what the order says."""
    order = json.load(sys.stdin)
    client = Client(f"http://127.0.0.1:{order['port']}")
    print(json.dumps(_append(client, order) if "plan" in order else _read(client, order)))


if __name__ == "__main__":
    main()
