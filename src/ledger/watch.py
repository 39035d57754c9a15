"""A thread that looks again and again for something to do, until it is closed."""

from __future__ import annotations

import logging
import threading

DEFECT_PAUSE_SECONDS = 30.0
"""How long a watch rests after a failure that nobody foresaw."""

_log = logging.getLogger(__name__)


class Watch:
    """What those have in common that work beside the ledger: started, closed, and never silent.

    A subclass says in `look_again` what it does; no defect of that ends the thread.
    """

    def __init__(self, name: str, first_pause_seconds: float = 0.0) -> None:
        self._name = name
        self._first_pause_seconds = first_pause_seconds
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.trouble: str | None = None
        """Why it can do nothing just now; None while it can."""

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stops after what is at hand; harmless when it was never started."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def look_again(self) -> float:
        """Does what there is to do, and says in `trouble` what hinders it; seconds to rest."""
        raise NotImplementedError(self._name)

    def _run(self) -> None:
        pause = self._first_pause_seconds
        while not self._closing.wait(pause):
            try:
                pause = self.look_again()
            except Exception as error:  # noqa: BLE001 - a defect must not end the thread unsaid
                if self.trouble != repr(error):
                    _log.error("a defect: %s", self._name, exc_info=error)
                self.trouble = repr(error)
                pause = DEFECT_PAUSE_SECONDS
