"""A watch goes on whatever becomes of one look, and says what hinders it."""

from __future__ import annotations

import logging
import threading

import pytest

from ledger import watch
from ledger.watch import Watch


class Looking(Watch):
    """Fails at its first look, as nobody foresaw."""

    def __init__(self) -> None:
        super().__init__("looking")
        self.looks = 0
        self.looked_twice = threading.Event()

    def look_again(self) -> float:
        self.looks += 1
        if self.looks == 1:
            raise ZeroDivisionError("a defect")
        self.looked_twice.set()
        return 60.0


def test_a_defect_is_said_and_ends_no_watch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watch, "DEFECT_PAUSE_SECONDS", 0.01)
    looking = Looking()

    with caplog.at_level(logging.ERROR):
        looking.start()
        assert looking.looked_twice.wait(30)
    looking.close()

    assert looking.trouble is not None
    assert "a defect" in looking.trouble
    assert "a defect: looking" in caplog.text


def test_one_that_never_started_is_closed_without_harm() -> None:
    Looking().close()
