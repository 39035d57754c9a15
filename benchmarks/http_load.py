"""The load on an HTTP server, from a process of its own: `python -m benchmarks.http_load`.

A connection a client, HTTP/1.1 written and read by hand, so that the client takes as little of the
machine as it can. The order is JSON on stdin, the measurement JSON on stdout.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import asdict
from typing import Any, cast
from uuid import uuid4

import uvloop

from benchmarks import load, machine
from benchmarks.load import Measured, Plan

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_REFUSED, _STORED = 403, 201


class ServerFailed(RuntimeError):
    """The server closed the connection or gave an answer that nothing here asks for."""


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request on its way."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[int] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an instance: uvloop's transports have a hierarchy of their own.
        self._transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ServerFailed(f"the connection was closed: {exc}"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        assert self._answer is not None
        length = _LENGTH.search(self._received, 0, head_end + 2)
        if length is None:
            self._answer.set_exception(ServerFailed("an answer without Content-Length"))
        elif len(self._received) >= head_end + 4 + int(length[1]):
            status = int(self._received[9:12])
            self._received.clear()
            self._answer.set_result(status)

    async def ask(self, request: bytes) -> int:
        """The status of the answer, which has been received whole."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Ends the connection."""
        self._answer = None
        if self._transport is not None:
            self._transport.close()


class HttpClient:
    """Posts progress on one request, as its handler or as a stranger."""

    def __init__(
        self, connection: Connection, body: str, tokens: dict[str, str], *, refuses: bool
    ) -> None:
        self._connection = connection
        self._refuses = refuses
        self._body = body.encode()
        self._heads = {
            must_fail: (
                f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                f"{tokens[name]}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(self._body)}\r\nIdempotency-Key: "
            ).encode()
            for must_fail, name in ((False, "handler"), (True, "stranger"))
        }

    async def attempt(self, must_fail: bool) -> bool:
        """One request and its answer."""
        key = uuid4().hex.encode()
        request = b"%b%b\r\n\r\n%b" % (self._heads[must_fail], key, self._body)
        status = await self._connection.ask(request)
        if status == _STORED:
            return True
        if status == _REFUSED and self._refuses:
            return False
        raise ServerFailed(f"status {status}")


async def _measure(order: dict[str, Any]) -> Measured:
    plan = Plan(*order["plan"])
    loop = asyncio.get_running_loop()
    clients = []
    connections = []
    for body in order["bodies"]:
        _, connection = await loop.create_connection(Connection, "127.0.0.1", order["port"])
        connections.append(connection)
        clients.append(HttpClient(connection, body, order["tokens"], refuses=plan.refuses))
    cpu = {"client": machine.own_cpu, "server": machine.process_cpu(order["server_pid"])}
    if order["postgres_pid"] is not None:
        cpu["postgresql"] = machine.tree_cpu(order["postgres_pid"])
    measured = await load.drive([client.attempt for client in clients], plan, cpu)
    for connection in connections:
        connection.close()
    return measured


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(_measure(json.load(sys.stdin))))))
