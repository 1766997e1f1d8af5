"""A batch as the host would hand it over."""

from __future__ import annotations

from itertools import accumulate

from ..columns import Batch, BytesColumn, Columns, HeadersColumn, TopicsColumn
from ..plugin import Context
from .records import OwnedRecord

__all__ = ["batch"]


def batch(records: list[OwnedRecord], first: int, reads: Columns, context: Context) -> Batch:
    """The columns that ``reads`` names, of records whose offsets begin at ``first``."""
    given = Batch(context.source_topic, context.source_partition, len(records), range(first, first + len(records)))
    if Columns.TIMESTAMP in reads:
        given.timestamps = [-1 if each.timestamp is None else each.timestamp for each in records]
    if Columns.KEY in reads:
        given.keys = BytesColumn.of(each.key for each in records)
    if Columns.VALUE in reads:
        given.values = BytesColumn.of(each.value for each in records)
    if Columns.HEADERS in reads:
        given.headers = _headers(records)
    if Columns.TOPIC in reads and any(each.topic is not None for each in records):
        names = [each.topic or "" for each in records]
        distinct = sorted(set(names))
        given.topics = TopicsColumn([distinct.index(name) for name in names], distinct)
    if Columns.PARTITION in reads and any(each.partition is not None for each in records):
        given.partitions = [-1 if each.partition is None else each.partition for each in records]
    return given


def _headers(records: list[OwnedRecord]) -> HeadersColumn:
    entries = [entry for each in records for entry in each.headers]
    distinct = sorted({name for name, _ in entries})
    return HeadersColumn(
        rows=list(accumulate((len(each.headers) for each in records), initial=0)),
        names=[distinct.index(name) for name, _ in entries],
        dictionary=BytesColumn.of(name.encode() for name in distinct),
        values=BytesColumn.of(value for _, value in entries),
    )
