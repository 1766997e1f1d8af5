"""The loop over the records of a batch, which hands them to a handler one by one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

from .columns import Answer, Batch, BytesColumn, Columns
from .outcome import KEPT, Outcome, Rejected, Rejection
from .record import Record

__all__ = ["answer"]


@cache
def declared(reads: Columns, changes: Columns) -> type[Any]:
    """The record class of plugins that declare this: a key or value that is read is an attribute like any other."""
    slots = [name for name, column in (("key", Columns.KEY), ("value", Columns.VALUE)) if column in reads]
    return type("Record", (Record,), {"__slots__": slots, "__doc__": Record.__doc__, "_reads": reads, "_changes": changes})


def answer(
    handle: Callable[[Record], Outcome], batch: Batch, reads: Columns, changes: Columns
) -> Answer:
    """What ``handle`` makes of each record of ``batch``, in columns."""
    record = declared(reads, changes)(batch)
    count = batch.count
    keys, values = _column(batch.keys, Columns.KEY in reads, count), _column(batch.values, Columns.VALUE in reads, count)
    # The same loop four times: what is not declared costs nothing, and what is declared no call.
    if keys is not None and values is not None:
        for record._row, key, value in zip(range(count), keys, values, strict=True):
            record.key, record.value = key, value
            try:
                outcome = handle(record)
            except Rejection as rejection:
                outcome = record._said = Rejected(rejection.reason)
            if outcome is not KEPT or record._said is not None:
                record._settle(outcome)
            if record.key is not key:
                _assigned("key")
            if record.value is not value:
                _assigned("value")
    elif keys is not None:
        for record._row, key in enumerate(keys):
            record.key = key
            try:
                outcome = handle(record)
            except Rejection as rejection:
                outcome = record._said = Rejected(rejection.reason)
            if outcome is not KEPT or record._said is not None:
                record._settle(outcome)
            if record.key is not key:
                _assigned("key")
    elif values is not None:
        for record._row, value in enumerate(values):
            record.value = value
            try:
                outcome = handle(record)
            except Rejection as rejection:
                outcome = record._said = Rejected(rejection.reason)
            if outcome is not KEPT or record._said is not None:
                record._settle(outcome)
            if record.value is not value:
                _assigned("value")
    else:
        for record._row in range(count):
            try:
                outcome = handle(record)
            except Rejection as rejection:
                outcome = record._said = Rejected(rejection.reason)
            if outcome is not KEPT or record._said is not None:
                record._settle(outcome)
    built: Answer = record._answer()
    return built


def _column(column: BytesColumn | None, wanted: bool, count: int) -> list[bytes | None] | None:
    if not wanted or column is None:
        return None
    if len(column) != count:
        raise RuntimeError(f"the host passed a column of {len(column)} values for {count} records")
    return column.values()


def _assigned(name: str) -> NoReturn:
    raise AttributeError(f"assigning to `record.{name}` changes nothing: write `record.set_{name}(…)`")
