"""Numbers of official documents (发文字号), the same however somebody writes them."""

from __future__ import annotations

import unicodedata
from hashlib import sha256
from typing import Final

_BRACKETS: Final = str.maketrans("〔〕【】()", "[][][]")


def number_digest(number: str, *of: str) -> str:
    """SHA-256, in hex, of a number without spaces, widths and kinds of brackets.

    What else tells two documents apart, such as who is given to, follows it.
    """
    plain = unicodedata.normalize("NFKC", number).translate(_BRACKETS)
    return sha256("\n".join(("".join(plain.split()), *of)).encode()).hexdigest()
