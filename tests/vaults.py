"""Vaults in memory, for tests that are about something else."""

from __future__ import annotations

from ledger.vault.cabinet import MemoryCabinet
from ledger.vault.vault import Vault


def memory_vault() -> Vault:
    """A vault whose keys live as long as the test."""
    return Vault(MemoryCabinet(), waits=True)
