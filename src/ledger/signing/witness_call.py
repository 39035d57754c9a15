"""One checkpoint on its way to one witness: the client's half of add-checkpoint of C2SP
tlog-witness."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import httpx

from ledger.tlog.checkpoint import parse_size
from ledger.tlog.faults import Malformed
from ledger.tlog.note import Note, Signature, encode_base64, parse_signatures

MAX_ANSWER_BYTES = 64 * 1024
"""More than a dozen ML-DSA cosignatures; what is longer is no answer of a witness."""
MAX_REASON = 120
_HEADERS = {
    "Content-Type": "text/plain; charset=utf-8",
    "Accept-Encoding": "identity",  # a few bytes must not unpack to more than the limit
}


class NoCosignature(Exception):
    """A witness did not cosign; says why, in a few words."""

    def __init__(self, reason: str, ahead: int | None = None) -> None:
        super().__init__(reason)
        self.ahead = ahead
        """The size that it cosigned before, where our log does not go on from there."""


class _Received(NamedTuple):
    status: int
    media_type: str
    content: bytes


class Call(NamedTuple):
    """What one witness is asked."""

    client: httpx.AsyncClient
    prefix: str
    note: Note
    size: int
    """The checkpoint's."""
    proof: Callable[[int], Awaitable[Sequence[bytes]]]

    async def cosignatures(self, known: int) -> tuple[Signature, ...]:
        """The signatures, not verified yet, of a witness that is thought to have cosigned the
        size `known`; it may name another one, once.

        Raises `NoCosignature`, and httpx's errors.
        """
        for _ in range(2):
            received = await self._submit(known)
            if received.status == 422 and known > 0:
                # It holds that this log does not go on from what it cosigned.
                raise NoCosignature(_refusal(received), ahead=known)
            if received.status != 409:
                return _signatures(received)
            known = self._other_size(received, known)
        raise NoCosignature("it names another size each time it is asked")

    async def _submit(self, known: int) -> _Received:
        proof = await self.proof(known) if 0 < known < self.size else ()
        lines = "".join(f"{encode_base64(one)}\n" for one in proof)
        body = f"old {known}\n{lines}\n".encode() + self.note.to_bytes()
        url = _address(self.prefix)
        async with self.client.stream("POST", url, content=body, headers=_HEADERS) as answer:
            content = bytearray()
            async for part in answer.aiter_raw():
                content += part
                if len(content) > MAX_ANSWER_BYTES:
                    raise NoCosignature(f"it answered with more than {MAX_ANSWER_BYTES} bytes")
            media_type = answer.headers.get("Content-Type", "")
            return _Received(answer.status_code, media_type.lower(), bytes(content))

    def _other_size(self, received: _Received, known: int) -> int:
        try:
            size = parse_size(received.content.decode("ascii").removesuffix("\n"))
        except (Malformed, UnicodeDecodeError):
            raise NoCosignature("refused with status 409, and no size") from None
        if size > self.size:
            raise NoCosignature(
                f"it cosigned {size} entries where this checkpoint has {self.size}: this log may "
                "have been rolled back",
                ahead=size,
            )
        if size == known:
            raise NoCosignature(f"refused with status 409, and the size {size} that it was given")
        return size


def _address(prefix: str) -> httpx.URL:
    """Where to submit; raises `NoCosignature` for what httpx takes for a URL and fails on later,
    with errors that are not its own."""
    try:
        url = httpx.URL(f"{prefix}/add-checkpoint")
        has_port = url.port is None or 1 <= url.port <= 65_535
        if url.host and url.scheme in ("http", "https") and has_port:
            return url
    except (httpx.InvalidURL, UnicodeError):
        pass
    raise NoCosignature(f"not reachable: {short(prefix)} is not the address of a witness")


def short(text: str) -> str:
    """What a peer said, in one line that can do no harm where it is shown as text."""
    words = "".join(one if one.isprintable() else " " for one in text).split()
    line = " ".join(words)
    return line if len(line) <= MAX_REASON else f"{line[: MAX_REASON - 1]}…"


def _signatures(received: _Received) -> tuple[Signature, ...]:
    if 300 <= received.status < 400:
        raise NoCosignature(f"it answered with a redirect (status {received.status})")
    if received.status != 200:
        raise NoCosignature(_refusal(received))
    if _is_page(received):
        raise NoCosignature("it answered with a page")
    try:
        return parse_signatures(received.content.decode())
    except (Malformed, UnicodeDecodeError):
        raise NoCosignature("it answered with what are no lines of signatures") from None


def _refusal(received: _Received) -> str:
    said = "" if _is_page(received) else short(received.content[:1000].decode(errors="replace"))
    return f"refused with status {received.status}" + (f": {said}" if said else "")


def _is_page(received: _Received) -> bool:
    return "html" in received.media_type or received.content.lstrip()[:1] == b"<"
