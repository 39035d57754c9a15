"""Views that are folded apart from any ledger: in an embedded PostgreSQL, which is then gone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from ledger.audit.report import Progress
from ledger.store.connections import connection_string
from ledger.store.contract import Log
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrations import PUBLIC, migrate
from projections.rebuild import rebuild
from projections.schema import prepare, public_schema

_SCHEMA = "ledger"


@contextmanager
def folded_apart(
    store: Log, names: Sequence[str], progress: Progress, at: datetime | None
) -> Iterator[str]:
    """The named views of all that the log shows, published as of `at`: how the public connects."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mingzhang-")))
        folder.chmod(0o711)  # the account of the database passes through it
        url = stack.enter_context(EmbeddedPostgres(folder / "postgres")).url()
        migrate(url, _SCHEMA)
        prepare(url, _SCHEMA)
        rebuild(store, url, _SCHEMA, names, progress=progress, at=at)
        yield connection_string(url, public_schema(_SCHEMA), PUBLIC)
