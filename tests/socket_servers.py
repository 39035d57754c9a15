"""Servers that do not behave: a real socket that answers each connection with given bytes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Behaviour = Callable[[socket.socket, bytes], None]
"""What is done with a connection and the request that came in on it."""


@contextmanager
def answering(behave: Behaviour) -> Iterator[str]:
    """A server on a free port, by its URL, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve_for_ever() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(connection,)))
                threads[-1].start()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            behave(connection, request(connection))

    accepting = threading.Thread(target=serve_for_ever)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join()


def request(connection: socket.socket) -> bytes:
    """One whole request of HTTP/1.1 with a Content-Length; its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += _more(connection)
    return body


def reply(status: str, body: bytes, *headers: str) -> Behaviour:
    """Always the same answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "Connection: close"]
    data = "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body

    def behave(connection: socket.socket, _: bytes) -> None:
        connection.sendall(data)

    return behave


def stall(connection: socket.socket, _: bytes) -> None:
    """Says nothing until the other side gives up."""
    connection.recv(1)


def close(_: socket.socket, __: bytes) -> None:
    """Hangs up."""


def drip(connection: socket.socket, _: bytes) -> None:
    """An answer whose every byte comes in time, and which never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def drip_headers(connection: socket.socket, _: bytes) -> None:
    """The same before the body."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: x\r\n")
        time.sleep(0.02)


def flood(connection: socket.socket, _: bytes) -> None:
    """An answer that never ends, as fast as it goes."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the other side hung up")
    return data
