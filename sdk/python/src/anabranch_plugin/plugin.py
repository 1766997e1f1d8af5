"""What an author writes: a :class:`Plugin`, and what it says of each record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from . import each_record, parameters
from .columns import Answer, Batch, Columns
from .outcome import Outcome
from .record import Record

__all__ = ["Context", "Plugin", "State"]


@dataclass(frozen=True)
class Context:
    """Where the plugin runs."""

    job: str
    """The job's name."""
    source_topic: str
    """The source topic of the lane."""
    source_partition: int | None
    """The source partition of the lane, where the backup has partitions."""
    target_topic: str
    """The topic that the job sends this source topic to."""
    started: int
    """Milliseconds since the epoch at which this restore (or preview) started: the only clock there is."""
    seed: int
    """Derived from the job's name; the same in every run of the job."""


@dataclass(frozen=True)
class State:
    """How much of the records before an answer depends on.

    Where the host starts the plugin anew in the middle of a lane (because a restore is started again, a lane is taken back
    within one, or the record at which the plugin fails is looked for) that much is replayed first and its answers thrown away.
    """

    records: int | None
    """How many records before; ``None`` is everything since the beginning of the lane."""

    NONE: ClassVar[State]
    """The record alone."""
    LANE: ClassVar[State]
    """Everything since the beginning of the lane."""

    @staticmethod
    def window(records: int) -> State:
        """The record and so many records before it."""
        if not isinstance(records, int) or not 0 <= records < 1 << 32:
            raise ValueError(f"{records!r} is no number of records")
        return State(records)


State.NONE = State(0)
State.LANE = State(None)


class Plugin:
    """Looks at every record of a lane (one source topic-partition), in the order of the backup.

    There is one instance a lane. Its parameters are class attributes made by :func:`anabranch_plugin.parameter`; on the
    instance they are the values of the job. The first line of the docstring is the plugin's summary, where no
    ``pyproject.toml`` gives one.
    """

    reads: ClassVar[Columns] = Columns.NONE
    """The columns that the plugin looks at; only those are passed to it.

    Topic, partition and offset of the source are always there; ``Columns.TOPIC`` and ``Columns.PARTITION`` stand for what
    earlier plugins chose. Looking at another column raises :class:`anabranch_plugin.UndeclaredColumn`, because a column
    that is not there must not pass for nulls.
    """
    changes: ClassVar[Columns] = Columns.NONE
    """The columns that the plugin may change. Changing another one raises the same."""
    state: ClassVar[State] = State.NONE
    """How much of the records before an answer depends on."""

    def configure(self, context: Context) -> None:
        """Prepares what records need, once and before any record; the parameters are there already.

        Raise :class:`anabranch_plugin.ConfigurationError` for parameters that do not make sense.
        """

    def record(self, record: Record) -> Outcome:
        """Says what becomes of a record; by default it is kept.

        An exception is the plugin's failure, and stops the job with its message, the line and the record's position. A
        record that can neither be passed on nor dropped is rejected: by ``return record.reject(reason)``, or from further
        below by ``raise Rejection(reason)``.
        """
        return record.keep()

    def batch(self, batch: Batch) -> Answer:
        """Answers for a whole batch in columns, for plugins to which records one by one are too slow.

        By default it calls :meth:`record` for each of them.
        """
        return each_record.answer(self.record, batch, self.reads, self.changes)

    @classmethod
    def configured(cls, context: Context, resolved: Mapping[str, Any]) -> Self:
        """An instance for one lane, with parameters in which the host has filled in the defaults."""
        plugin = cls()
        for each in parameters.declared(cls):
            setattr(plugin, each.attribute, parameters.typed(each, resolved))
        plugin.configure(context)
        return plugin
