"""Batches and answers as they cross, in columns: the types of ``wit/v0.1/plugin.wit``.

They are for :meth:`anabranch_plugin.Plugin.batch`; :class:`anabranch_plugin.Record` hides them.

A column of bytes is laid out as in Apache Arrow: value ``i`` is ``data[offsets[i]:offsets[i + 1]]``, and bit ``i`` of
``validity`` (least significant bit first) is clear where it is null. Null is not empty: a null value is a tombstone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Flag, auto
from itertools import accumulate

__all__ = [
    "Answer",
    "Batch",
    "BytesColumn",
    "BytesPatch",
    "Columns",
    "Drops",
    "HeadersColumn",
    "HeadersPatch",
    "PartitionsPatch",
    "RejectedRow",
    "TimestampsPatch",
    "TopicsColumn",
    "TopicsPatch",
]


class Columns(Flag):
    """The columns of a record that a plugin may read or change; several are written ``Columns.KEY | Columns.VALUE``."""

    NONE = 0
    KEY = auto()
    VALUE = auto()
    HEADERS = auto()
    TIMESTAMP = auto()
    TOPIC = auto()
    PARTITION = auto()


@dataclass(slots=True)
class BytesColumn:
    """A column of byte strings, any of which may be null."""

    offsets: Sequence[int]
    """One entry more than there are values; begins with 0 and never decreases."""
    data: bytes
    """The bytes of all values, one after another."""
    validity: bytes | None = None
    """The bitmap of what is not null; absent when nothing is null."""

    @classmethod
    def of(cls, values: Iterable[bytes | None]) -> BytesColumn:
        """The column of these values; ``None`` is null."""
        parts = list(values)
        validity = None
        if None in parts:
            bits = 0
            for row, value in enumerate(parts):
                if value is not None:
                    bits |= 1 << row
            validity = bits.to_bytes((len(parts) + 7) // 8, "little")
        bare = [value or b"" for value in parts]
        return cls(list(accumulate(map(len, bare), initial=0)), b"".join(bare), validity)

    def __len__(self) -> int:
        return max(len(self.offsets) - 1, 0)

    def __getitem__(self, row: int) -> bytes | None:
        """Value ``row``; ``None`` for null."""
        if self.validity is not None and not self.validity[row >> 3] >> (row & 7) & 1:
            return None
        return self.data[self.offsets[row] : self.offsets[row + 1]]

    def values(self) -> list[bytes | None]:
        """All values; ``None`` for null."""
        data = self.data
        offsets = self.offsets.tolist() if isinstance(self.offsets, memoryview) else self.offsets
        start, ends = 0, iter(offsets)
        next(ends, None)
        values: list[bytes | None] = [data[start : (start := end)] for end in ends]
        if self.validity is not None:
            bits = int.from_bytes(self.validity, "little")
            nulls = ~bits & ((1 << len(values)) - 1)
            while nulls:
                lowest = nulls & -nulls
                values[lowest.bit_length() - 1] = None
                nulls ^= lowest
        return values


@dataclass(slots=True)
class HeadersColumn:
    """The headers of all rows: those of row ``i`` are the entries ``rows[i]:rows[i + 1]``, duplicates included."""

    rows: Sequence[int]
    """One entry more than there are rows; begins with 0 and never decreases."""
    names: Sequence[int]
    """For each header the index of its name in ``dictionary``."""
    dictionary: BytesColumn
    """The distinct names, UTF-8, never null."""
    values: BytesColumn
    """The value of each header; null is not empty."""


@dataclass(slots=True)
class TopicsColumn:
    """A column of topic names, each an index into a dictionary of distinct names."""

    indices: Sequence[int]
    dictionary: list[str]


@dataclass(slots=True)
class Batch:
    """Records of one source topic-partition, in the order of the backup."""

    topic: str
    """The topic that the backup says the records came from."""
    partition: int | None
    """The source partition; absent when the backup holds none."""
    count: int
    """How many rows each column has."""
    offsets: Sequence[int]
    """Source offsets, never decreasing; row numbers within the file where the backup holds no offsets."""
    timestamps: Sequence[int] | None = None
    """Milliseconds since the epoch, -1 where the record has none; given if ``reads`` names it, as all that follow."""
    keys: BytesColumn | None = None
    values: BytesColumn | None = None
    headers: HeadersColumn | None = None
    topics: TopicsColumn | None = None
    """Topics that an earlier plugin of the chain chose, the empty name where it left that open."""
    partitions: Sequence[int] | None = None
    """Partitions that an earlier plugin chose, -1 where it left that open."""


@dataclass(slots=True)
class BytesPatch:
    """New values of one bytes column for some of the output rows."""

    rows: Sequence[int]
    """Indices into ``selection``, strictly increasing."""
    values: BytesColumn
    """One value for each entry of ``rows``; null makes the field null."""


@dataclass(slots=True)
class HeadersPatch:
    """New headers for some of the output rows; they replace all headers of the row."""

    rows: Sequence[int]
    headers: HeadersColumn


@dataclass(slots=True)
class TimestampsPatch:
    """New timestamps for some of the output rows, -1 for none."""

    rows: Sequence[int]
    values: Sequence[int]


@dataclass(slots=True)
class TopicsPatch:
    """Topics that some of the output rows go to instead of where the job sends them."""

    rows: Sequence[int]
    topics: TopicsColumn


@dataclass(slots=True)
class PartitionsPatch:
    """Target partitions, 0 or more, of some of the output rows."""

    rows: Sequence[int]
    values: Sequence[int]


@dataclass(slots=True)
class Drops:
    """Why rows were left out, for the report."""

    rows: Sequence[int]
    """Input rows, strictly increasing, none of them selected or rejected."""
    reasons: Sequence[int]
    """For each entry of ``rows`` the index of its reason in ``dictionary``."""
    dictionary: list[str]


@dataclass(slots=True)
class RejectedRow:
    """A record that the plugin can neither pass nor drop."""

    row: int
    """The input row."""
    reason: str
    """What is wrong with it, for a person."""


@dataclass(slots=True)
class Answer:
    """What a plugin makes of a batch. What is not patched stays the host's own bytes."""

    selection: Sequence[int] | None = None
    """For each output record the input row that it comes from; never decreases. ``None`` means every row once."""
    keys: BytesPatch | None = None
    values: BytesPatch | None = None
    headers: HeadersPatch | None = None
    timestamps: TimestampsPatch | None = None
    topics: TopicsPatch | None = None
    partitions: PartitionsPatch | None = None
    drops: Drops | None = None
    rejected: list[RejectedRow] = field(default_factory=list)
    """Rejected rows, strictly increasing; none of them may be selected."""
