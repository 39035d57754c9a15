"""The log as strangers fetch it, and check it with the key alone."""

from __future__ import annotations

import gzip
from typing import Any

import httpx
import pytest

from ledger.store.postgres import PostgresStore
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Frontier, leaf_hash
from ledger.tlog.note import Note, NoteVerifier
from ledger.tlog.proof_file import ProofFile
from ledger.tlog.tiles import decode_entries, split_hashes, tiles_of
from tests.api_server import Server, filed, wait_for


def verifier(server: Server) -> NoteVerifier:
    (signer,) = server.settings.signing_keys().load()
    return NoteVerifier(signer.key)


def checkpoint(server: Server) -> Checkpoint:
    """The newest one, which is of the whole log."""
    proof_of(server, server.size())
    note = Note.parse(server.get("/tlog/checkpoint").content)
    note.verified_by([verifier(server)])
    return Checkpoint.parse(note.text)


def entries(server: Server, path: str, **headers: str) -> httpx.Response:
    return server.get(f"/tlog/tile/entries/{path}", "auditor", **headers)


def test_the_checkpoint_is_served_as_the_specification_says(server: Server) -> None:
    checkpoint(server)
    answer = server.get("/tlog/checkpoint")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=2"
    assert Checkpoint.parse(Note.parse(answer.content).text).origin == (
        "mingzhang.example/demonstration"
    )


def test_entries_hash_to_the_tiles_and_these_to_the_checkpoint(server: Server) -> None:
    signed = checkpoint(server)
    frontier = Frontier()

    for tile in tiles_of(signed.size):
        answer = server.get(f"/tlog/tile/{tile.path}")
        assert answer.status_code == 200, tile
        assert answer.headers["content-type"] == "application/octet-stream"
        hashes = split_hashes(answer.content)
        assert len(hashes) == tile.width
        if tile.level == 0:
            path = tile.path.removeprefix("0/")
            records = decode_entries(entries(server, path).content)
            assert [leaf_hash(record) for record in records] == hashes
            for hash_ in hashes:
                frontier.append(hash_)

    assert (frontier.size, frontier.root()) == (signed.size, signed.root)


def test_every_answer_to_an_append_can_be_held_against_the_log(server: Server) -> None:
    (answer,) = server.post("hotline-clerk", filed(request="request-held")).json()["events"]

    proof = proof_of(server, answer["position"])

    leaf = bytes.fromhex(answer["leaf"])
    signed, _ = proof.verify(leaf, "mingzhang.example/demonstration", [verifier(server)])
    assert proof.index == answer["position"] - 1 < signed.size


def proof_of(server: Server, position: int) -> ProofFile:
    """Asked again as Retry-After says."""

    def proven() -> bool:
        answer = server.get(f"/v1/events/{position}/proof")
        assert answer.status_code == 200 or answer.headers["retry-after"] == "2", answer.text
        return answer.status_code == 200

    wait_for(proven)
    answer = server.get(f"/v1/events/{position}/proof")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert f'filename="event-{position}.tlog-proof"' in answer.headers["content-disposition"]
    return ProofFile.parse(answer.content)


def test_full_tiles_are_cached_for_ever_and_partial_ones_for_a_while(server: Server) -> None:
    while server.size() < 256:
        server.post("hotline-clerk", [filed() for _ in range(50)])
    checkpoint(server)

    full, partial = server.get("/tlog/tile/0/000"), server.get("/tlog/tile/0/000.p/255")

    assert full.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert partial.headers["cache-control"] == "public, max-age=3600, immutable"
    assert full.content[: 255 * 32] == partial.content
    assert server.get("/tlog/tile/1/000.p/1").status_code == 200


def test_entries_need_a_key_and_no_shared_cache_keeps_them(server: Server) -> None:
    refused = server.get("/tlog/tile/entries/000.p/3")
    given = entries(server, "000.p/3")
    proposer = server.get("/tlog/tile/entries/000.p/3", "hotline-clerk")

    assert (refused.status_code, proposer.status_code) == (401, 403)
    assert given.headers["cache-control"].startswith("private")
    assert "Authorization" in given.headers["vary"]


def test_entries_are_compressed_for_whoever_asks(server: Server) -> None:
    headers = {"Accept-Encoding": "gzip"}
    plain = entries(server, "000.p/20", **{"Accept-Encoding": "identity"})
    refused = entries(server, "000.p/20", **{"Accept-Encoding": "gzip;q=0"})
    with (
        server.client("auditor", **headers) as client,
        client.stream("GET", "/tlog/tile/entries/000.p/20") as answer,
    ):
        raw = b"".join(answer.iter_raw())

    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content == refused.content
    assert "content-encoding" not in plain.headers


def test_whatever_encoding_is_sent_a_cache_is_told_that_there_are_others(server: Server) -> None:
    for accepted in ("identity", "gzip"):
        answer = entries(server, "000.p/3", **{"Accept-Encoding": accepted})

        assert answer.headers["vary"] == "Authorization, Accept-Encoding"


@pytest.mark.parametrize("path", ["/tlog/checkpoint", "/tlog/tile/0/000.p/3", "/v1/events/1/proof"])
def test_what_can_be_read_can_be_asked_about(server: Server, path: str) -> None:
    """RFC 9110, 9.3.2: mirrors and caches ask with HEAD whether what they have is still it."""
    read = server.get(path)

    with server.client() as client:
        asked = client.head(path)

    assert (asked.status_code, asked.content) == (200, b"")
    for name in ("content-type", "content-length", "cache-control"):
        assert asked.headers[name] == read.headers[name]


@pytest.mark.parametrize(
    "path",
    [
        "0/x", "0/999", "5/000", "0/000.p/0", "0/000.p/256", "0/0", "64/000", "entries/x", "",
        "entries/", "0/000.p/1/", "entries/999.p/1", "0/x999/x999/x999/x999/x999/999", "0/%00",
        "0/" + "9" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_tile_is_not_found(server: Server, path: str) -> None:
    answer = server.get(f"/tlog/tile/{path}", "auditor")

    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "cache-control" not in answer.headers or "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("position", "status"),
    [
        ("0", 422),
        ("-1", 422),
        ("x", 422),
        ("1e3", 422),
        ("99999999", 404),
        (str(2**70), 422),
        ("1_0", 422),
        ("%2010", 422),
        ("10.0", 422),
        ("01", 422),
    ],
)
def test_there_is_no_proof_of_what_is_not_there(server: Server, position: str, status: int) -> None:
    answer = server.get(f"/v1/events/{position}/proof")

    assert answer.status_code == status
    assert answer.json()["status"] == status


def test_readiness_says_how_far_the_log_is_signed(server: Server) -> None:
    signed = checkpoint(server)

    found: dict[str, Any] = server.get("/readyz").json()["checkpoint"]

    assert found["size"] == signed.size
    assert found["lag"] == 0
    assert found["signatures"] == ["mingzhang.example/demonstration"]


def test_the_tiles_are_kept_and_not_only_computed(server: Server) -> None:
    checkpoint(server)
    assert server.settings.database_url is not None
    store = PostgresStore(server.settings.database_url, server.settings.schema)

    row = store.reading(lambda c: c.execute("select count(*) from tile").fetchone())
    store.close()

    assert row is not None
    assert row[0] >= checkpoint(server).size // 256
