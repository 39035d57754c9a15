"""What an operator may set: environment variables named MINGZHANG_*, read once at the start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from ledger.access.log import SCHEMA_SUFFIX
from ledger.key_file import load_or_make_key
from ledger.signing.keys import SigningKeys
from ledger.signing.mark import Mark
from ledger.vault.cabinet import PostgresCabinet
from ledger.vault.exports import Exports
from ledger.vault.key_source import KeySource
from ledger.vault.vault import Vault

DEFAULT_PORT = 8000


class WrongSetting(ValueError):
    """An environment variable has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one caller may ask for."""

    body_bytes: int = 4 * 1024 * 1024
    list_events: int = 1_000
    feed_page_events: int = 10_000
    feed_page_bytes: int = 16 * 1024 * 1024
    min_position_seconds: float = 10.0
    retry_seconds: float = 10.0
    """For how long an append is tried again while the database is away."""
    key_cache_seconds: float = 2.0
    """For how long a revoked key may still be honoured."""
    receipt_days: int = 7


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the ledger keeps its data and where it listens.

    Without `database_url` the embedded PostgreSQL in `<data>/postgres` is used.
    """

    data: Path = Path("data")
    database_url: str | None = None
    schema: str = "ledger"
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    queue_events: int = 10_000
    log_key: str | None = field(default=None, repr=False)
    """The signing keys, where they are not in the file `<data>/log.key`."""
    vault_key: str | None = field(default=None, repr=False)
    """The key-encryption key of the vault, where it is not in the file `<data>/vault.key`."""
    vault_key_command: str | None = None
    """A command that prints that key."""
    access_log_key: str | None = field(default=None, repr=False)
    """The same for the access log, where they are not in `<data>/access-log.key`."""
    witness_policy: Path | None = None
    """A policy file (C2SP tlog-policy) with the URLs of the witnesses to ask."""
    public_url: str | None = None
    """Where residents reach the board, for the QR codes of receipts; else as they came."""
    limits: Limits = Limits()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The settings of MINGZHANG_DATA, _DATABASE_URL, _SCHEMA, _HOST, _PORT, _QUEUE_EVENTS,
        _BODY_BYTES, _LOG_KEY, _ACCESS_LOG_KEY, _VAULT_KEY, _VAULT_KEY_COMMAND, _WITNESS_POLICY
        and _PUBLIC_URL.

        Raises `WrongSetting`.
        """

        def given(name: str, default: str) -> str:
            return environment.get(f"MINGZHANG_{name}") or default

        def number(name: str, default: int, low: int, high: int) -> int:
            text = given(name, str(default))
            if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
                raise WrongSetting(f"MINGZHANG_{name} is {text!r}, not a number {low} to {high}")
            return int(text)

        schema = given("SCHEMA", "ledger")
        if not (schema.isascii() and schema.isidentifier() and len(schema) <= 40):
            raise WrongSetting(f"MINGZHANG_SCHEMA is {schema!r}, not a plain name of a schema")
        limits = Limits()
        policy = given("WITNESS_POLICY", "")
        public_url = given("PUBLIC_URL", "")
        if public_url and re.fullmatch(r"https?://[!-~]{1,200}", public_url) is None:
            raise WrongSetting(f"MINGZHANG_PUBLIC_URL is {public_url!r}, not http(s)://...")
        return cls(
            data=Path(given("DATA", "data")).absolute(),
            database_url=given("DATABASE_URL", "") or None,
            schema=schema.lower(),
            host=given("HOST", "127.0.0.1"),
            port=number("PORT", DEFAULT_PORT, 0, 65_535),
            queue_events=number("QUEUE_EVENTS", 10_000, 1, 1_000_000),
            log_key=given("LOG_KEY", "") or None,
            vault_key=given("VAULT_KEY", "") or None,
            vault_key_command=given("VAULT_KEY_COMMAND", "") or None,
            access_log_key=given("ACCESS_LOG_KEY", "") or None,
            witness_policy=Path(policy).absolute() if policy else None,
            public_url=public_url or None,
            limits=replace(
                limits, body_bytes=number("BODY_BYTES", limits.body_bytes, 1_024, 1 << 30)
            ),
        )

    def vault_key_source(self) -> KeySource:
        """Where the key-encryption key of the vault comes from; it is never in the database."""
        return KeySource(self.data / "vault.key", self.vault_key, self.vault_key_command)

    def segments(self) -> Path:
        """Where the log is sealed in segments, unless another place is named."""
        return self.data / "segments"

    def exports(self) -> Exports:
        """What the ledger itself wrote of subjects in clear; it goes with their erasure."""
        return Exports(self.data / "exports")

    def vault(self, url: str) -> Vault:
        """The vault in the database at the URL, which is asked for nothing yet."""
        return Vault(PostgresCabinet(url, self.schema, self.vault_key_source()))

    def fingerprint_key(self) -> bytes:
        """The key of the bodies' fingerprints in receipts; never in the database.

        A plain hash of a body in the database would let its reader try guesses of what was said.
        """
        return self._key("fingerprint.key")

    def receipt_key(self) -> bytes:
        """The key of the links to residents' receipts: with another one old links lead nowhere."""
        return self._key("receipt.key")

    def signing_keys(self) -> SigningKeys:
        """The keys that sign checkpoints; never in the database."""
        return SigningKeys(self.data / "log.key", self.log_key)

    @property
    def access_schema(self) -> str:
        """The database's schema that holds the access log."""
        return self.schema + SCHEMA_SUFFIX

    def access_signing_keys(self) -> SigningKeys:
        """The keys that sign the checkpoints of the access log: others than the ledger's."""
        path = self.data / "access-log.key"
        return SigningKeys(path, self.access_log_key, "MINGZHANG_ACCESS_LOG_KEY")

    def access_mark(self) -> Mark:
        """The last checkpoint of the access log that was published from this machine."""
        return Mark(self.data / "access-published.checkpoint")

    def mark(self) -> Mark:
        """The last checkpoint published from this machine."""
        return Mark(self.data / "published.checkpoint")

    def _key(self, name: str) -> bytes:
        self.data.mkdir(parents=True, exist_ok=True)
        return load_or_make_key(self.data / name)
