"""A transparency log over HTTP: C2SP tlog-tiles under a prefix, and a tlog-proof for each entry."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple

import psycopg
from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import contract
from api.auth import Keyring, Scope
from api.problems import Problem
from ledger.signing.mark import Inconsistent
from ledger.signing.notary import REQUEST_SECONDS, Notary
from ledger.signing.signer import NothingSigned
from ledger.store import checkpoints
from ledger.store.checkpoints import Published
from ledger.store.postgres import PostgresStore
from ledger.store.tree import Tree
from ledger.tlog.checkpoint import MEDIA_TYPE
from ledger.tlog.faults import Malformed
from ledger.tlog.proof_file import ProofFile
from ledger.tlog.tiles import WIDTH, Tile, encode_entries, parse_index, parse_path, tile_width

NOT_SIGNED: Final = "not_signed"
"""The rule of a problem that goes away by itself, once a checkpoint has the event."""
PATIENCE_SECONDS: Final = 3.0
"""How long a statement waits for the next checkpoint."""
PAUSE_SECONDS: Final = 0.25
POSITION_PATTERN: Final = r"^[1-9][0-9]{0,15}$"
OCTETS: Final = "application/octet-stream"
_MUTABLE = {"Cache-Control": "public, max-age=2"}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
# A partial tile is as immutable, but nobody asks for it again once it is full.
_FOR_A_WHILE = {"Cache-Control": "public, max-age=3600, immutable"}
# Records are for whoever has a key: no shared cache may hand them on.
_PRIVATE = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Vary": "Authorization, Accept-Encoding",
}
_ENTRIES = "entries/"


class PublicLog(NamedTuple):
    """Where a log is served: what is public of it, and the proofs of its entries."""

    prefix: str
    """Of the checkpoint and the tiles (C2SP tlog-tiles)."""
    checkpoints: tuple[str, ...]
    proof: str
    name: str
    """What an entry is called in a file's name."""
    scope: Scope
    """Of the keys with which entries are read."""


LEDGER_LOG: Final = PublicLog(
    "/tlog", ("/tlog/checkpoint",), "/v1/events/{position}/proof", "event", Scope.FEED
)
ACCESS_LOG: Final = PublicLog(
    "/access/tlog",
    ("/access/tlog/checkpoint", "/access/checkpoint"),
    "/v1/access-log/{position}/proof",
    "access",
    Scope.AUDIT,
)


class Proofs:
    """Leads from events to the newest checkpoint."""

    def __init__(self, store: PostgresStore, notary: Notary) -> None:
        self._store = store
        self._notary = notary

    async def of(self, position: int, extra: bytes | None = None) -> ProofFile:
        """The proof of an event; raises a `Problem` where there is none, or not signed yet."""
        if position > await run_in_threadpool(self._store.size):
            raise Problem(404, "unknown_position", f"the log has no event {position} yet")
        published = await self._covering(position)
        hashes = await run_in_threadpool(
            self._store.reading, lambda c: Tree(c).inclusion_proof(position - 1, published.size)
        )
        return ProofFile(position - 1, tuple(hashes), published.note, extra)

    async def anchor(self, size: int) -> tuple[bytes, Published, list[bytes]]:
        """The root of the log of a size, a checkpoint that has it, and what leads there.

        Waits a little for the next checkpoint where the last one was signed just before.
        """
        published = await self._awaited(size)

        def read(connection: psycopg.Connection[Any]) -> tuple[bytes, list[bytes]]:
            tree = Tree(connection)
            return tree.root(size), tree.consistency_proof(size, published.size)

        root, proof = await run_in_threadpool(self._store.reading, read)
        return root, published, proof

    async def _awaited(self, size: int) -> Published:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return await self._covering(size)
            except Problem:
                if time.monotonic() + PAUSE_SECONDS > deadline or self._notary.trouble is not None:
                    raise
            await asyncio.sleep(PAUSE_SECONDS)

    async def _covering(self, size: int) -> Published:
        try:
            published = await run_in_threadpool(self._notary.covering, size)
        except (NothingSigned, Inconsistent) as error:
            # Why is told on /readyz and to the operator: it names places on this machine.
            raise _unsigned("the ledger signs nothing just now") from error
        if published is None:
            raise _unsigned("no checkpoint has it yet")
        return published


class Transparency:
    """The routes and what they need."""

    def __init__(
        self, log: PublicLog, store: PostgresStore, proofs: Proofs, keyring: Keyring
    ) -> None:
        self._log = log
        self._store = store
        self._proofs = proofs
        self._keyring = keyring

    def add_to(self, router: APIRouter) -> None:
        """Adds the checkpoint and tiles below the prefix, and the proof of an entry."""
        tiles = f"{self._log.prefix}/tile/{{path:path}}"
        signed = "Read the signed checkpoint"
        routes: list[tuple[str, Callable[..., Any], str, str]] = [
            *((path, self.checkpoint, "text/plain", signed) for path in self._log.checkpoints),
            (tiles, self.tile, OCTETS, "Read hashes, or entries with a key"),
            (self._log.proof, self.proof, "text/plain", "Prove that it is in"),
        ]
        for path, endpoint, media_type, summary in routes:
            router.add_api_route(
                path,
                endpoint,
                methods=["GET"],
                summary=summary,
                response_class=Response,
                responses={200: {"content": {media_type: {}}}, **contract.PROBLEMS},
            )
            # Mirrors and caches ask so whether what they have is still there.
            router.add_api_route(
                path, endpoint, methods=["HEAD"], include_in_schema=False, response_class=Response
            )

    async def checkpoint(self) -> Response:
        """The newest checkpoint (C2SP tlog-checkpoint) with its witnesses' cosignatures."""
        published = await run_in_threadpool(self._store.reading, checkpoints.latest)
        if published is None:
            raise Problem(404, "no_checkpoint", "no checkpoint has been signed yet")
        return Response(published.note.to_bytes(), 200, _MUTABLE, MEDIA_TYPE)

    async def tile(self, request: Request, path: str) -> Response:
        """A tile of hashes `<L>/<N>[.p/<W>]`, or with a key an entry bundle
        `entries/<N>[.p/<W>]` (C2SP tlog-tiles), below the newest checkpoint."""
        try:
            if path.startswith(_ENTRIES):
                index, width = parse_index(path.removeprefix(_ENTRIES))
                return await self._entries(request, Tile(0, index, width))
            tile = parse_path(path)
        except Malformed as error:
            raise Problem(404, "no_such_tile", str(error), field="path") from error
        hashes = await run_in_threadpool(self._store.reading, lambda c: self._tile(c, tile))
        return Response(b"".join(hashes), 200, _FOR_EVER if tile.is_full else _FOR_A_WHILE, OCTETS)

    async def proof(self, position: Annotated[str, Path(pattern=POSITION_PATTERN)]) -> Response:
        """A proof (C2SP tlog-proof) that leads from an entry's record to the newest checkpoint.

        The leaf is SHA-256(0x00 || record). For an entry that no checkpoint has yet one is signed,
        at most every few seconds: 503 with Retry-After says to ask again.
        """
        file = await self._proofs.of(int(position))
        name = f'attachment; filename="{self._log.name}-{position}.tlog-proof"'
        headers = {**_MUTABLE, "Content-Disposition": name}
        return Response(file.to_bytes(), 200, headers, MEDIA_TYPE)

    async def _entries(self, request: Request, tile: Tile) -> Response:
        await self._keyring.principal(request, self._log.scope)
        records = await run_in_threadpool(self._records, tile)
        content, headers = encode_entries(records), dict(_PRIVATE)
        if "gzip" in _encodings(request.headers):
            content = gzip.compress(content, 6, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return Response(content, 200, headers, OCTETS)

    def _records(self, tile: Tile) -> Sequence[bytes]:
        self._store.reading(lambda c: self._check_published(c, tile))
        first = tile.index * WIDTH
        return [one.record for one in self._store.read(after=first, until=first + tile.width)]

    def _tile(self, connection: psycopg.Connection[Any], tile: Tile) -> list[bytes]:
        self._check_published(connection, tile)
        return Tree(connection).tile(tile)

    def _check_published(self, connection: psycopg.Connection[Any], tile: Tile) -> None:
        """Raises a `Problem` for a tile that the newest checkpoint has not, or not so wide."""
        published = checkpoints.latest(connection)
        size = published.size if published else 0
        if tile.width > tile_width(tile.level, tile.index, size):
            raise Problem(
                404,
                "no_such_tile",
                f"the checkpoint of {size} events has no tile {tile.path}",
                f"a tile of the tree that {self._log.prefix}/checkpoint signs",
            )


def _unsigned(detail: str) -> Problem:
    again = str(int(REQUEST_SECONDS))
    return Problem(
        503, NOT_SIGNED, detail, "the same again a little later", headers={"Retry-After": again}
    )


def _encodings(headers: Mapping[str, str]) -> set[str]:
    """The content codings that are accepted (RFC 9110, 12.5.3), without those refused by q=0."""
    given = [part.partition(";") for part in headers.get("accept-encoding", "").split(",")]
    return {
        name.strip().lower()
        for name, _, weight in given
        if weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    }
