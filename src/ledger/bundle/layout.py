"""What a bundle's files are called and hold: C2SP tlog-tiles, and what we put beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ledger.canonical import canonical_json
from ledger.domain.rules.rules import RulesEnacted
from ledger.tlog.checkpoint import parse_size
from ledger.tlog.faults import Malformed
from ledger.tlog.merkle import HASH_BYTES
from ledger.tlog.note import decode_base64, encode_base64
from ledger.tlog.proof_file import MAX_HASHES
from ledger.tlog.tiles import Tile, index_path, parse_index, parse_path, tile_width

CHECKPOINT = "checkpoint"
MANIFEST = "SHA256SUMS"
README = "README.md"
DICTIONARY = "data-dictionary.md"
PACK_KIND = RulesEnacted.kind

_ALWAYS = (CHECKPOINT, README, DICTIONARY)
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._/-]{1,200})", re.ASCII)
_SCHEMA = re.compile(r"schemas/[a-z_]{1,100}\.json", re.ASCII)
_NUMBERED = re.compile(r"(packs|checkpoints|proofs)/([0-9]{1,19})(\.json)?", re.ASCII)


def tile_file(tile: Tile) -> str:
    """Where the hashes of a tile stand."""
    return f"tile/{tile.path}"


def entries_file(index: int, width: int) -> str:
    """Where the records of 256 events or fewer stand."""
    return f"tile/entries/{index_path(index, width)}"


def index_file(index: int, width: int) -> str:
    """Where kind and tags of the same events stand, as the database has them in columns."""
    return f"index/{index_path(index, width)}"


def checkpoint_file(size: int) -> str:
    """An earlier checkpoint."""
    return f"checkpoints/{size}"


def proof_file(size: int) -> str:
    """The consistency proof from an earlier checkpoint to the bundle's own."""
    return f"proofs/{size}"


def pack_file(position: int) -> str:
    """A pack of rules, under the position at which it was enacted."""
    return f"packs/{position}.json"


def schema_file(kind: str) -> str:
    """The JSON Schema of a kind's body."""
    return f"schemas/{kind}.json"


def index_line(kind: str, tags: Sequence[str]) -> bytes:
    """One event's line in `index/`, without its newline."""
    return canonical_json({"kind": kind, "tags": tags})


def pack_document(body: Mapping[str, Any]) -> bytes:
    """A pack of rules as its record has it."""
    return canonical_json(body) + b"\n"


def proof_text(hashes: Iterable[bytes]) -> bytes:
    """A consistency proof: a hash a line, as in a request of C2SP tlog-witness."""
    return "".join(f"{encode_base64(hash_)}\n" for hash_ in hashes).encode()


def parse_proof(data: bytes) -> list[bytes]:
    """The inverse of `proof_text`; raises `Malformed`."""
    *lines, rest = data.decode("ascii", "replace").split("\n")
    if rest or len(lines) > MAX_HASHES:
        raise Malformed(f"a proof has at most {MAX_HASHES} lines, each with its newline")
    hashes = [decode_base64(line, "a proof's hash") for line in lines]
    if any(len(hash_) != HASH_BYTES for hash_ in hashes):
        raise Malformed(f"a proof's hash has {HASH_BYTES} bytes")
    return hashes


def manifest(digests: Mapping[str, str]) -> bytes:
    """SHA256SUMS in the format of coreutils: file -> SHA-256 in hex."""
    return "".join(f"{digests[file]}  {file}\n" for file in sorted(digests)).encode()


def parse_manifest(data: bytes) -> dict[str, str]:
    """The inverse of `manifest`; raises `Malformed`, also for a file that no bundle has."""
    *lines, rest = data.decode("ascii", "replace").split("\n")
    found: dict[str, str] = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or not is_listed(match[2]):
            raise Malformed(f"line {len(found) + 1} is not a digest and one of a bundle's files")
        found[match[2]] = match[1]
    if rest or manifest(found) != data:
        raise Malformed("the lines are sorted by file, each with its newline, none twice")
    for file in _ALWAYS:
        if file not in found:
            raise Malformed(f"{file} is missing")
    return found


def is_listed(file: str) -> bool:
    """Whether a file is one of those that the manifest covers, the tree or not."""
    if file in _ALWAYS or _SCHEMA.fullmatch(file):
        return True
    match = _NUMBERED.fullmatch(file)
    return match is not None and (match[1] == "packs") == bool(match[3]) and _is_size(match[2])


def in_tree(file: str, size: int) -> bool:
    """Whether a file is one of those that a tree of this size has."""
    try:
        if file.startswith("tile/entries/"):
            tile = Tile(0, *parse_index(file.removeprefix("tile/entries/")))
        elif file.startswith("index/"):
            tile = Tile(0, *parse_index(file.removeprefix("index/")))
        elif file.startswith("tile/"):
            tile = parse_path(file.removeprefix("tile/"))
        else:
            return False
    except Malformed:
        return False
    return tile.width == tile_width(tile.level, tile.index, size)


def earlier_sizes(files: Iterable[str]) -> list[int]:
    """The sizes of the earlier checkpoints and proofs among a manifest's files, in order."""
    sizes = {int(one[2]) for one in map(_NUMBERED.fullmatch, files) if one and one[1] != "packs"}
    return sorted(sizes)


def _is_size(text: str) -> bool:
    try:
        return parse_size(text) > 0
    except Malformed:
        return False
