"""The terms of service items, windows, bookings and applications."""

from __future__ import annotations

TERMS: dict[str, dict[str, str]] = {
    "booking_outcome": {"kept": "已到场", "missed": "爽约", "cancelled": "已取消"},
    "application_step": {
        "prechecked": "已预审",
        "filed": "已收件",
        "decided": "已办结",
        "signed": "已签收",
    },
}
"""Vocabulary -> code -> term."""
