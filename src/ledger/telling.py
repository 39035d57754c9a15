"""Numbers that name somebody: a telephone or an identity number has no place in an id."""

from __future__ import annotations

import re

# A mobile number (GB: 11 digits from 13 to 19), a citizen's identity number (GB 11643).
_NUMBER = r"1[3-9][0-9]{9}|[0-9]{17}[0-9Xx]"
_is_number = re.compile(_NUMBER).fullmatch
_has_number = re.compile(rf"(?<![0-9])(?:{_NUMBER})(?![0-9])").search


def names_somebody(identity: str) -> bool:
    """Whether an id is such a number."""
    return _is_number(identity) is not None


def tells_of_somebody(text: str) -> bool:
    """Whether such a number stands in a text by itself."""
    return _has_number(text) is not None
