"""What crosses is bytes, and an answer that cannot cross is an exception, not a trap."""

from __future__ import annotations

from array import array
from types import SimpleNamespace
from typing import Any

import pytest

from anabranch_plugin import crossing
from anabranch_plugin.columns import Answer, BytesColumn, BytesPatch, Drops, RejectedRow, TimestampsPatch, TopicsColumn, TopicsPatch


class Interface:
    """The interface's types, each a tuple of its fields."""

    def __getattr__(self, name: str) -> Any:
        return lambda *fields: (name, *fields)


def u32(*numbers: int) -> bytes:
    return array("I", numbers).tobytes()


def s64(*numbers: int) -> bytes:
    return array("q", numbers).tobytes()


def crossed(offsets: Any) -> Any:
    keys = SimpleNamespace(offsets=u32(0, 1, 3), data=b"abb", validity=None)
    none = dict.fromkeys(["values", "headers", "topics", "partitions"])
    given = SimpleNamespace(
        topic="orders", partition=3, count=2, offsets=SimpleNamespace(value=offsets), timestamps=s64(-1, 1 << 60), keys=keys, **none
    )
    return crossing.taken(given)


def test_numbers_are_taken_as_they_are() -> None:
    batch = crossed(41)
    assert list(batch.offsets) == [41, 42]
    assert list(crossed(s64(7, 1 << 62)).offsets) == [7, 1 << 62]
    assert list(batch.timestamps) == [-1, 1 << 60]
    assert batch.keys.values() == [b"a", b"bb"]
    assert (len(batch.keys), batch.keys[1]) == (2, b"bb")


def test_an_answer_crosses_in_bytes() -> None:
    answer = Answer(
        selection=range(1, 3),
        values=BytesPatch([1], BytesColumn.of([b"v"])),
        timestamps=TimestampsPatch(array("I", [0]), [-1]),
        rejected=[RejectedRow(0, "bad")],
    )
    crossed: tuple[Any, ...] = crossing.given(answer, Interface())
    assert crossed[1] == u32(1, 2)
    assert crossed[3] == ("BytesPatch", u32(1), ("BytesColumn", u32(0, 1), b"v", None))
    assert crossed[5] == ("TimestampsPatch", u32(0), s64(-1))
    assert crossed[9] == [("Rejection", 0, "bad")]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "the answer is an Answer, not a NoneType"),
        ({}, "the answer is an Answer, not a dict"),
        (Answer([-1]), "`selection` of the answer is a sequence of whole numbers from 0"),
        (Answer([0.5]), "`selection` of the answer is a sequence of whole numbers from 0"),  # type: ignore[list-item]
        (Answer([1 << 32]), "`selection` of the answer is a sequence of whole numbers from 0"),
        (Answer(b"\0\0\0\0"), "a bytes is no sequence of numbers"),
        (Answer(values=BytesPatch([0], [b"v"])), "`values.values` of the answer is a BytesColumn, not a list"),  # type: ignore[arg-type]
        (Answer(values=BytesPatch([0], BytesColumn([0, 1], "A"))), "`values.values.data` of the answer is bytes, not a str"),  # type: ignore[arg-type]
        (Answer(drops=Drops([0], [0], ["\ud800x"])), "a reason is no text that UTF-8 has: '\\\\ud800x'"),
        (Answer(topics=TopicsPatch([0], TopicsColumn([0], ["\udfff"]))), "a topic is no text that UTF-8 has"),
        (Answer(rejected=[RejectedRow(0, None)]), "a reason is a str, not a NoneType"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_cross_is_said(answer: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        crossing.given(answer, Interface())
