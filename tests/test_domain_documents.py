"""A number of a document is the same however it is written, and another one is not."""

from __future__ import annotations

import pytest

from ledger.domain.documents.documents import number_digest


@pytest.mark.parametrize(
    "again", ["镇发[2026]12号", "镇发【2026】12 号", " 镇发（２０２６）１２号", "镇发(2026)12号"]
)
def test_a_number_is_the_same_however_it_is_written(again: str) -> None:
    assert number_digest(again) == number_digest("镇发〔2026〕12号")


def test_numbers_that_differ_are_of_different_documents() -> None:
    numbers = ("镇发〔2026〕12号", "镇发〔2026〕1号", "镇发〔2025〕12号", "县发〔2026〕12号")

    digests = {number_digest(number) for number in numbers}

    assert len(digests) == len(numbers)
    assert number_digest(numbers[0], "a") not in digests
    assert number_digest(numbers[0], "a", "b") != number_digest(numbers[0], "ab")
