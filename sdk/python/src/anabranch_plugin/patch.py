"""New values of one column, and the columns of an answer that become of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any, NamedTuple

from .columns import (
    Answer,
    BytesColumn,
    BytesPatch,
    Columns,
    HeadersColumn,
    HeadersPatch,
    PartitionsPatch,
    TimestampsPatch,
    TopicsColumn,
    TopicsPatch,
)

__all__ = ["PATCHES", "Header", "Patch"]


class Header(NamedTuple):
    """One header. Names may repeat within a record; a null value is not an empty one."""

    name: str
    value: bytes | None


class Patch:
    """New values of one column: for each of ``rows``, output rows that increase, an entry of ``values``."""

    __slots__ = ("rows", "values")

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.values: list[Any] = []

    def set(self, row: int, value: Any) -> None:
        """Sets the entry of output row ``row``, the last so far; what was set for it before goes."""
        if self.rows and self.rows[-1] == row:
            self.values[-1] = value
        else:
            self.rows.append(row)
            self.values.append(value)

    def forget_from(self, row: int) -> None:
        """Takes back what is set for ``row`` and later."""
        while self.rows and self.rows[-1] >= row:
            self.rows.pop()
            self.values.pop()


def _dictionary(names: Iterable[str]) -> tuple[list[int], list[str]]:
    """For each name its index among the distinct names, and these."""
    distinct: dict[str, int] = {}
    return [distinct.setdefault(name, len(distinct)) for name in names], list(distinct)


def _headers_column(lists: list[list[Header]]) -> HeadersColumn:
    entries = [header for headers in lists for header in headers]
    names, dictionary = _dictionary(name for name, _ in entries)
    return HeadersColumn(
        rows=list(accumulate(map(len, lists), initial=0)),
        names=names,
        dictionary=BytesColumn.of(name.encode() for name in dictionary),
        values=BytesColumn.of(value for _, value in entries),
    )


def _patch_keys(answer: Answer, rows: list[int], values: list[Any]) -> None:
    answer.keys = BytesPatch(rows, BytesColumn.of(values))


def _patch_values(answer: Answer, rows: list[int], values: list[Any]) -> None:
    answer.values = BytesPatch(rows, BytesColumn.of(values))


def _patch_headers(answer: Answer, rows: list[int], values: list[Any]) -> None:
    answer.headers = HeadersPatch(rows, _headers_column(values))


def _patch_timestamps(answer: Answer, rows: list[int], values: list[Any]) -> None:
    answer.timestamps = TimestampsPatch(rows, values)


def _patch_topics(answer: Answer, rows: list[int], values: list[Any]) -> None:
    answer.topics = TopicsPatch(rows, TopicsColumn(*_dictionary(values)))


def _patch_partitions(answer: Answer, rows: list[int], values: list[Any]) -> None:
    answer.partitions = PartitionsPatch(rows, values)


PATCHES: dict[Columns, Callable[[Answer, list[int], list[Any]], None]] = {
    Columns.KEY: _patch_keys,
    Columns.VALUE: _patch_values,
    Columns.HEADERS: _patch_headers,
    Columns.TIMESTAMP: _patch_timestamps,
    Columns.TOPIC: _patch_topics,
    Columns.PARTITION: _patch_partitions,
}
