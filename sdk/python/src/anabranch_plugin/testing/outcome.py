"""What an answer makes of records, with the checks that the host makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from ..columns import Answer, BytesColumn, Columns, HeadersColumn
from ..host import Level
from .records import OwnedRecord

__all__ = ["Dropped", "Fault", "Rejected", "Run", "apply"]

_BOUNDS = {"u32": (0, 1 << 32), "s32": (-(1 << 31), 1 << 31), "s64": (-(1 << 63), 1 << 63)}


@dataclass(frozen=True)
class Dropped:
    """A record of which nothing came."""

    input: int
    """Which of the given records."""
    reason: str | None = None
    """The reason, where the plugin gave one."""


@dataclass(frozen=True)
class Rejected:
    """A record that the plugin rejected."""

    input: int
    """Which of the given records."""
    reason: str


@dataclass
class Run:
    """What came of a run."""

    records: list[OwnedRecord] = field(default_factory=list)
    """The records that came out, in order. Topic and partition are those that the plugin chose."""
    sources: list[int] = field(default_factory=list)
    """For each of ``records`` which of the given ones it comes from."""
    dropped: list[Dropped] = field(default_factory=list)
    """The records of which nothing came."""
    rejected: list[Rejected] = field(default_factory=list)
    """The records that the plugin rejected."""
    log: list[tuple[Level, str]] = field(default_factory=list)
    """What the plugin logged."""
    counters: dict[str, int] = field(default_factory=dict)
    """What the plugin counted."""

    def outcome(self, input: int) -> tuple[list[OwnedRecord], list[Dropped], list[Rejected]]:
        """What became of one of the given records."""
        return (
            [each for source, each in zip(self.sources, self.records, strict=True) if source == input],
            [each for each in self.dropped if each.input == input],
            [each for each in self.rejected if each.input == input],
        )


class Fault(Exception):
    """What the host would call the plugin's fault."""


def apply(answer: Answer, records: list[OwnedRecord], first: int, changes: Columns, run: Run) -> None:
    """Adds to ``run`` what ``answer`` makes of ``records``, the first of which is the run's record ``first``.

    Raises :class:`Fault` where the host would refuse the answer.
    """
    if not isinstance(answer, Answer):
        raise Fault(f"which is no `Answer` but {type(answer).__name__}")
    count = len(records)
    if answer.selection is None:
        selection: Sequence[int] = range(count)
    else:
        selection = answer.selection
        _integers("selection", selection, "u32")
        if any(row > after for row, after in pairwise(selection)):
            raise Fault("whose selection decreases")
        if selection and selection[-1] >= count:
            raise Fault(f"which selects row {selection[-1]} of {count}")
    outputs = [records[row] for row in selection]
    _patch(answer, changes, outputs)
    run.records += outputs
    run.sources += [first + row for row in selection]
    left_out: dict[int, str | None] = dict.fromkeys(sorted(set(range(count)) - set(selection)))
    for rejection in answer.rejected:
        if rejection.row not in left_out:
            raise Fault(f"which rejects row {rejection.row} twice or selects it as well")
        del left_out[rejection.row]
        run.rejected.append(Rejected(first + rejection.row, rejection.reason))
    if any(one.row >= other.row for one, other in pairwise(answer.rejected)):
        raise Fault("whose rejected rows do not increase")
    if answer.drops is not None:
        drops = answer.drops
        _increasing("drops", drops.rows, len(drops.reasons))
        for row, reason in zip(drops.rows, drops.reasons, strict=True):
            if row not in left_out:
                raise Fault(f"which drops row {row} and does something else with it")
            if not 0 <= reason < len(drops.dictionary):
                raise Fault("with a reason beyond the dictionary")
            left_out[row] = drops.dictionary[reason]
    run.dropped += [Dropped(first + row, reason) for row, reason in left_out.items()]


def _patch(answer: Answer, changes: Columns, outputs: list[OwnedRecord]) -> None:
    def each(column: Columns, rows: Sequence[int], values: Sequence[Any], set: Callable[[OwnedRecord, Any], OwnedRecord]) -> None:
        if column not in changes:
            raise Fault(f"which changes Columns.{column.name} against `changes`")
        _increasing(f"patch of Columns.{column.name}", rows, len(values))
        if rows and rows[-1] >= len(outputs):
            raise Fault(f"which patches output row {rows[-1]} of {len(outputs)}")
        for row, value in zip(rows, values, strict=True):
            outputs[row] = set(outputs[row], value)

    if (keys := answer.keys) is not None:
        each(Columns.KEY, keys.rows, _column("keys", keys.values), lambda record, key: replace(record, key=key))
    if (values := answer.values) is not None:
        column = _column("values", values.values)
        each(Columns.VALUE, values.rows, column, lambda record, value: replace(record, value=value))
    if (headers := answer.headers) is not None:
        lists = _headers(headers.headers)
        each(Columns.HEADERS, headers.rows, lists, lambda record, given: replace(record, headers=given))
    if (timestamps := answer.timestamps) is not None:
        _integers("timestamps", timestamps.values, "s64")
        none = [None if timestamp == -1 else timestamp for timestamp in timestamps.values]
        each(Columns.TIMESTAMP, timestamps.rows, none, lambda record, given: replace(record, timestamp=given))
    if (topics := answer.topics) is not None:
        dictionary, indices = topics.topics.dictionary, topics.topics.indices
        for name in dictionary:
            if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name) or name in (".", ".."):
                raise Fault(f"in which `{name}` is no legal name of a topic")
        if any(not 0 <= index < len(dictionary) for index in indices):
            raise Fault("with a topic beyond the dictionary")
        names = [dictionary[index] for index in indices]
        each(Columns.TOPIC, topics.rows, names, lambda record, name: replace(record, topic=name))
    if (partitions := answer.partitions) is not None:
        _integers("partitions", partitions.values, "s32")
        if any(partition < 0 for partition in partitions.values):
            raise Fault(f"which sends a record to partition {min(partitions.values)}")
        each(Columns.PARTITION, partitions.rows, partitions.values, lambda record, given: replace(record, partition=given))


def _integers(what: str, values: Sequence[int], kind: str) -> None:
    least, bound = _BOUNDS[kind]
    if not isinstance(values, Sequence) or any(not isinstance(value, int) or not least <= value < bound for value in values):
        raise Fault(f"whose {what} are not all whole numbers of the type {kind}")


def _increasing(what: str, rows: Sequence[int], entries: int) -> None:
    _integers(what, rows, "u32")
    if any(row >= after for row, after in pairwise(rows)) or len(rows) != entries:
        raise Fault(f"whose {what} has rows out of order or another number of entries")


def _offsets(what: str, offsets: Sequence[int], end: int) -> None:
    _integers(what, offsets, "u32")
    if not offsets or offsets[0] != 0 or offsets[-1] != end or any(one > other for one, other in pairwise(offsets)):
        raise Fault(f"whose offsets of {what} do not begin with 0, increase and end with {end}")


def _column(what: str, column: BytesColumn) -> list[bytes | None]:
    if not isinstance(column.data, bytes):
        raise Fault(f"whose data of {what} is no bytes")
    _offsets(what, column.offsets, len(column.data))
    if column.validity is not None and len(column.validity) != (len(column) + 7) // 8:
        raise Fault(f"whose validity of {what} has {len(column.validity)} bytes for {len(column)} values")
    return column.values()


def _headers(column: HeadersColumn) -> list[tuple[tuple[str, bytes | None], ...]]:
    _offsets("headers", column.rows, len(column.names))
    names, values = _column("header names", column.dictionary), _column("header values", column.values)
    if len(values) != len(column.names) or any(not 0 <= name < len(names) for name in column.names):
        raise Fault("with a header name beyond the dictionary or another number of header values")
    entries = [((names[name] or b"").decode(), value) for name, value in zip(column.names, values, strict=True)]
    return [tuple(entries[start:end]) for start, end in pairwise(column.rows)]
