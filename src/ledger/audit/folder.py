"""Reads a directory that somebody handed over: plain files alone, none larger than it can be."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ledger.audit.report import Fault, Faulty, Unreadable, shown


class Folder(NamedTuple):
    """A directory that is only read."""

    path: Path

    def read(self, file: str, most_bytes: int, position: int | None = None) -> bytes:
        """A file's content; raises `Faulty`, at the position of the event that it begins with."""
        # Never through a symlink, and never waiting for who writes to a pipe.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(self.path / file, flags)
        except (FileNotFoundError, NotADirectoryError):
            raise Faulty(Fault("a file", "none", position, file)) from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise Faulty(Fault("a plain file", "a symbolic link", position, file)) from None
            raise _unreadable(file, error) from None
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise Faulty(Fault("a plain file", _what(found.st_mode), position, file))
            if found.st_size > most_bytes:
                expected, size = f"at most {most_bytes} bytes", f"{found.st_size} bytes"
                raise Faulty(Fault(expected, size, position, file))
            with open(descriptor, "rb", closefd=False) as opened:
                return opened.read(found.st_size)
        except OSError as error:
            raise _unreadable(file, error) from None
        finally:
            os.close(descriptor)

    def files(self) -> Iterator[str]:
        """All files, by their path in the directory, sorted within each.

        Raises `Faulty` for what is neither a file nor a directory, and for an empty directory.
        """
        waiting = [""]
        while waiting:
            below = waiting.pop()
            entries = self._entries(below)
            if not entries and below:
                raise Faulty(Fault("files", "an empty directory", file=_name(below[:-1])))
            for entry in entries:
                path = f"{below}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{path}/")
                elif entry.is_file(follow_symlinks=False):
                    yield path
                else:
                    mode = entry.stat(follow_symlinks=False).st_mode
                    raise Faulty(Fault("a plain file", _what(mode), file=_name(path)))

    def _entries(self, below: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.path / below) as found:
                return sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            raise _unreadable(below or ".", error) from None


def _unreadable(file: str, error: OSError) -> Unreadable:
    return Unreadable(f"{_name(file)} cannot be read: {error.strerror}")


def _name(file: str) -> str:
    return shown(file, quoted=False)


def _what(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a directory" if stat.S_ISDIR(mode) else "a special file"
