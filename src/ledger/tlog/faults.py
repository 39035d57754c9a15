"""How what somebody handed over fails: it cannot be read, or it is not what it claims to be."""

from __future__ import annotations


class Malformed(ValueError):
    """Not in the format of its specification; says which line or part, and what would be."""


class UnreadableSignature(Malformed):
    """A signature line whose base64 is not the standard one: to a witness it is a wrong signature,
    since readers that are less strict find one there that does not verify."""


class Unverified(Exception):
    """Well formed, and not true: a signature, a proof or a quorum that does not hold."""
