"""A record as a plugin sees it: a view of one row, and the pen for what becomes of it.

There is one object for all records of a batch. The loop over the rows puts the key and the value into it, where the
plugin declares that it reads them; everything else is looked up when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, compress, repeat
from typing import TYPE_CHECKING, Any, NoReturn

from .columns import Answer, Batch, Columns, Drops, RejectedRow
from .outcome import EMITTED, FINISHED, KEPT, Dropped, Outcome, Rejected
from .patch import PATCHES, Header, Patch

__all__ = ["Record", "UndeclaredColumn"]


class UndeclaredColumn(RuntimeError):
    """The plugin looks at a column, or changes one, that it does not declare."""


class Record:
    """One record of a batch.

    What it shows is the record as it came; what is set shows in what goes out. A handler returns what becomes of it:
    :meth:`keep`, :meth:`drop`, :meth:`finish` or :meth:`reject`. It is valid until the handler returns: the next record
    comes in the same object.

    Null and empty are different things everywhere: ``None`` is null, and a null value is a tombstone.
    """

    __slots__ = (
        "_batch",
        "_dropped_for",
        "_dropped_rows",
        "_drops",
        "_emitted",
        "_header_names",
        "_header_values",
        "_patches",
        "_reasons",
        "_rejected",
        "_row",
        "_said",
        "_shift",
        "_times",
    )

    # The columns that this plugin declares; `declared` makes a class for each set.
    _reads = Columns.NONE
    _changes = Columns.NONE

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._row = 0
        # Output records of the row under way so far, and how many more came of those before than there were.
        self._emitted = 0
        self._shift = 0
        # What was said of the row under way, where that is more than that it is kept.
        self._said: Outcome | None = None
        # How often each row comes out, once there is one that does not come out once.
        self._times: list[int] | None = None
        # Rows that were dropped for a reason, and the reason's index.
        self._dropped_rows: list[int] = []
        self._dropped_for: list[int] = []
        self._drops: dict[str | None, Dropped] = {None: Dropped(None)}
        self._reasons: list[str] = []
        self._rejected: list[RejectedRow] = []
        self._patches: dict[Columns, Patch] = {}
        self._header_names: list[str] | None = None
        self._header_values: list[bytes | None] = []

    # What came.

    @property
    def key(self) -> bytes | None:
        """The key; ``None`` where the record has none."""
        return _unread("the key", "KEY")

    @property
    def value(self) -> bytes | None:
        """The value; ``None`` for a tombstone."""
        return _unread("the value", "VALUE")

    @property
    def headers(self) -> list[Header]:
        """The headers in order, duplicates included."""
        column = self._batch.headers
        if column is None:
            _unread("headers", "HEADERS")
        names = self._header_names
        if names is None:
            names = self._header_names = [(name or b"").decode() for name in column.dictionary.values()]
            self._header_values = column.values.values()
        values = self._header_values
        start, end = column.rows[self._row], column.rows[self._row + 1]
        return [Header(names[column.names[entry]], values[entry]) for entry in range(start, end)]

    def header(self, name: str) -> Header | None:
        """The last header of that name, as Kafka's own ``Headers.lastHeader``; ``None`` where there is none."""
        return next((header for header in reversed(self.headers) if header.name == name), None)

    @property
    def timestamp(self) -> int | None:
        """Milliseconds since the epoch; ``None`` where the record has no timestamp."""
        timestamps = self._batch.timestamps
        if timestamps is None:
            _unread("the timestamp", "TIMESTAMP")
        timestamp = timestamps[self._row]
        return None if timestamp == -1 else timestamp

    @property
    def offset(self) -> int:
        """The source offset; the row within its file where the backup holds no offsets.

        What an earlier plugin made of one record shares its offset.
        """
        return self._batch.offsets[self._row]

    @property
    def topic(self) -> str:
        """The source topic."""
        return self._batch.topic

    @property
    def partition(self) -> int | None:
        """The source partition, where the backup has partitions."""
        return self._batch.partition

    @property
    def routed_topic(self) -> str | None:
        """The topic that an earlier plugin chose. Needs ``Columns.TOPIC`` in ``reads``."""
        if Columns.TOPIC not in self._reads:
            _unread("the topic that an earlier plugin chose", "TOPIC")
        topics = self._batch.topics
        return None if topics is None else topics.dictionary[topics.indices[self._row]] or None

    @property
    def routed_partition(self) -> int | None:
        """The partition that an earlier plugin chose. Needs ``Columns.PARTITION`` in ``reads``."""
        if Columns.PARTITION not in self._reads:
            _unread("the partition that an earlier plugin chose", "PARTITION")
        partitions = self._batch.partitions
        if partitions is None or partitions[self._row] < 0:
            return None
        return partitions[self._row]

    # What goes out.

    def set_key(self, key: bytes | None) -> None:
        """Gives the outgoing record another key, or none."""
        self._set(Columns.KEY, key if key is None or key.__class__ is bytes else _bytes(key, "key"))

    def set_value(self, value: bytes | None) -> None:
        """Gives the outgoing record another value; ``None`` makes it a tombstone."""
        self._set(Columns.VALUE, value if value is None or value.__class__ is bytes else _bytes(value, "value"))

    def set_headers(self, headers: Iterable[tuple[str, bytes | None]]) -> None:
        """Replaces all headers of the outgoing record by pairs of a name and a value.

        Those that came can be passed through, for instance without one of them:
        ``record.set_headers(header for header in record.headers if header.name != "trace")``.
        """
        if isinstance(headers, (str, bytes)):
            raise TypeError(f"headers are pairs of a name and a value, not {type(headers).__name__}")
        self._set(Columns.HEADERS, [_header(name, value) for name, value in headers])

    def add_header(self, name: str, value: bytes | None) -> None:
        """Adds a header behind those of the outgoing record. Needs ``Columns.HEADERS`` in ``reads`` as well."""
        patch = self._patches.get(Columns.HEADERS)
        if patch is None or not patch.rows or patch.rows[-1] != self._output():
            self.set_headers(self.headers)
            patch = self._patches[Columns.HEADERS]
        patch.values[-1].append(_header(name, value))

    def set_timestamp(self, timestamp: int | None) -> None:
        """Gives the outgoing record another timestamp in milliseconds since the epoch, or none."""
        self._set(Columns.TIMESTAMP, -1 if timestamp is None else _integer(timestamp, "timestamp", -(1 << 63), 1 << 63))

    def set_topic(self, topic: str) -> None:
        """Sends the outgoing record to that topic instead of where the job sends it."""
        if not isinstance(topic, str):
            raise TypeError(f"a topic is a str, not {type(topic).__name__}")
        self._set(Columns.TOPIC, topic)

    def set_partition(self, partition: int) -> None:
        """Sends the outgoing record to that partition.

        As this can split a key, the job must say ``order = "none"``.
        """
        self._set(Columns.PARTITION, _integer(partition, "partition", 0, 1 << 31))

    # What becomes of it.

    if TYPE_CHECKING:

        def keep(self) -> Outcome:
            """Passes on the record as it now stands, and nothing after it."""
    else:
        # Most records are kept: what Python does not interpret gives the same at half the cost.
        keep = repeat(KEPT).__next__

    def drop(self, reason: str | None = None) -> Outcome:
        """Leaves the record out. Reasons are few and short; the report counts by them."""
        return self._say(self._drops.get(reason) or self._drop(reason))

    def emit(self) -> None:
        """Passes on the record as it now stands and goes on with a fresh copy of what came.

        For records that become several; ``return record.finish()`` or ``return record.keep()`` must follow.
        """
        if self._said is None:
            self._said = EMITTED
        elif self._said is not EMITTED:
            _said_already()
        self._emitted += 1

    def finish(self) -> Outcome:
        """Nothing more comes of the record than what was emitted; without any it is dropped without a reason."""
        return self._say(FINISHED)

    def reject(self, reason: str) -> Outcome:
        """It can neither pass nor be left out: the restore ends and names it, or sets it aside where the job says so."""
        return self._say(Rejected(reason))

    # The loop's side.

    def _say(self, outcome: Outcome) -> Outcome:
        """Notes what is said last of a record: a handler that goes on instead of returning it is told so."""
        if self._said is not None and self._said is not EMITTED:
            _said_already()
        self._said = outcome
        return outcome

    def _drop(self, reason: Any) -> Dropped:
        if not isinstance(reason, str):
            raise TypeError(f"a reason is a str, not {type(reason).__name__}")
        dropped = self._drops[reason] = Dropped(len(self._reasons))
        self._reasons.append(reason)
        return dropped

    def _output(self) -> int:
        """The index that the next output record has."""
        return self._row + self._shift + self._emitted

    def _set(self, column: Columns, value: Any) -> None:
        patch = self._patches.get(column)
        if patch is None:
            if column not in self._changes:
                raise UndeclaredColumn(
                    f"the plugin changes what it does not declare: name `Columns.{column.name}` in `changes`"
                )
            patch = self._patches[column] = Patch()
        patch.set(self._row + self._shift + self._emitted, value)

    def _settle(self, outcome: Any) -> None:
        """Enters what becomes of the row under way, which is not just kept."""
        times, row = 0, self._row
        said, self._said = self._said, None
        if said is not None and said is not EMITTED and said is not outcome and isinstance(outcome, Outcome):
            _said_already()
        if outcome.__class__ is Dropped:
            if outcome.index is not None:
                self._dropped_rows.append(row)
                self._dropped_for.append(outcome.index)
        elif outcome is KEPT:
            times = self._emitted + 1
        elif outcome is FINISHED:
            times = self._emitted
        elif outcome.__class__ is Rejected:
            if not isinstance(outcome.reason, str):
                raise TypeError(f"a reason is a str, not {type(outcome.reason).__name__}")
            self._rejected.append(RejectedRow(row, outcome.reason))
        elif hasattr(outcome, "__await__"):
            outcome.close()
            raise TypeError("the handler is `async`: there is nothing to wait for in a plugin; write `def`")
        else:
            raise TypeError(
                f"the handler returned {outcome!r}: end with `return record.keep()`, `record.drop()`, `record.finish()` "
                "or `record.reject()`"
            )
        if self._patches:
            end = row + self._shift + times
            for patch in self._patches.values():
                patch.forget_from(end)
        if self._times is None:
            self._times = [1] * self._batch.count
        self._times[row] = times
        self._shift += times - 1
        self._emitted = 0

    def _answer(self) -> Answer:
        """The answer for the batch."""
        answer = Answer(rejected=self._rejected)
        times = self._times
        if times is not None:
            rows = range(self._batch.count)
            # Loops that Python does not interpret: the second is for rows that come out several times.
            if max(times) < 2:
                answer.selection = list(compress(rows, times))
            else:
                answer.selection = list(chain.from_iterable(map(repeat, rows, times)))
            if self._dropped_rows:
                answer.drops = Drops(self._dropped_rows, self._dropped_for, self._reasons)
        for column, patch in self._patches.items():
            if patch.rows:
                PATCHES[column](answer, patch.rows, patch.values)
        return answer


def _said_already() -> NoReturn:
    raise RuntimeError(
        "it was said already what becomes of this record: `keep`, `drop`, `finish` and `reject` are the last thing that a "
        "handler does, as in `return record.keep()`"
    )


def _unread(what: str, column: str) -> NoReturn:
    raise UndeclaredColumn(
        f"the plugin looks at {what} without declaring it: name `Columns.{column}` in `reads`"
    )


def _bytes(value: object, what: str) -> bytes:
    """Bytes of what looks like bytes."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    advice = "; `.encode()` makes bytes of it" if isinstance(value, str) else ""
    raise TypeError(f"a {what} is bytes or None, not {type(value).__name__}{advice}")


def _header(name: object, value: object) -> Header:
    if not isinstance(name, str):
        raise TypeError(f"the name of a header is a str, not {type(name).__name__}")
    return Header(name, value if value is None or isinstance(value, bytes) else _bytes(value, "header"))


def _integer(value: object, what: str, least: int, bound: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"a {what} is an int, not {type(value).__name__}")
    if not least <= value < bound:
        raise ValueError(f"{value} is no {what}")
    return int(value)
