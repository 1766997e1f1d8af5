"""Batches and answers as they cross, where columns of numbers are bytes: little-endian, one after another.

What an answer holds is looked at here, where a mistake becomes an exception with a place in the plugin; the component
tool would end in a trap that has none.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from .columns import (
    Answer,
    Batch,
    BytesColumn,
    BytesPatch,
    Drops,
    HeadersColumn,
    HeadersPatch,
    PartitionsPatch,
    RejectedRow,
    TimestampsPatch,
    TopicsColumn,
    TopicsPatch,
)

__all__ = ["given", "taken"]

# In WebAssembly these are little-endian, and 4, 4 and 8 bytes wide.
_U32, _S32, _S64 = "I", "i", "q"


def taken(batch: Any) -> Batch:
    """The batch in the SDK's own types."""
    headers, topics, offsets = batch.headers, batch.topics, batch.offsets.value
    return Batch(
        batch.topic,
        batch.partition,
        batch.count,
        range(offsets, offsets + batch.count) if isinstance(offsets, int) else _numbers(_S64, offsets),
        None if batch.timestamps is None else _numbers(_S64, batch.timestamps),
        None if batch.keys is None else _column(batch.keys),
        None if batch.values is None else _column(batch.values),
        headers
        and HeadersColumn(
            _numbers(_U32, headers.rows),
            _numbers(_U32, headers.names),
            _column(headers.dictionary),
            _column(headers.values),
        ),
        topics and TopicsColumn(_numbers(_U32, topics.indices), topics.dictionary),
        None if batch.partitions is None else _numbers(_S32, batch.partitions),
    )


def _numbers(kind: str, data: bytes) -> Sequence[int]:
    return memoryview(data).cast(kind)  # type: ignore[call-overload, no-any-return]


def _column(column: Any) -> BytesColumn:
    return BytesColumn(_numbers(_U32, column.offsets), column.data, column.validity)


def given(answer: Any, types: Any) -> Any:
    """The answer in the types of the interface, ``types``."""
    whole = _of(Answer, "the answer", answer)
    topics: TopicsPatch | None = _optional(TopicsPatch, "topics", whole.topics)
    drops: Drops | None = _optional(Drops, "drops", whole.drops)
    return types.Answer(
        None if whole.selection is None else _packed(_U32, "selection", whole.selection),
        _bytes_patch(types, "keys", whole.keys),
        _bytes_patch(types, "values", whole.values),
        _headers_patch(types, whole.headers),
        _numbers_patch(types.TimestampsPatch, TimestampsPatch, _S64, "timestamps", whole.timestamps),
        topics
        and types.TopicsPatch(
            _packed(_U32, "topics.rows", topics.rows),
            types.TopicsColumn(
                _packed(_U32, "topics.topics.indices", topics.topics.indices),
                [_text("a topic", name) for name in topics.topics.dictionary],
            ),
        ),
        _numbers_patch(types.PartitionsPatch, PartitionsPatch, _S32, "partitions", whole.partitions),
        drops
        and types.Drops(
            _packed(_U32, "drops.rows", drops.rows),
            _packed(_U32, "drops.reasons", drops.reasons),
            [_text("a reason", reason) for reason in drops.dictionary],
        ),
        [
            types.Rejection(each.row, _text("a reason", each.reason))
            for each in (_of(RejectedRow, "rejected", each) for each in whole.rejected)
        ],
    )


def _of(kind: type[Any], what: str, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{what} is {_article(kind.__name__)}, not {_article(type(value).__name__)}")
    return value


def _optional(kind: type[Any], what: str, value: Any) -> Any:
    return None if value is None else _of(kind, f"`{what}` of the answer", value)


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOaeiou' else 'a'} {name}"


def _packed(kind: str, what: str, numbers: Any) -> bytes:
    """The numbers as bytes."""
    try:
        if isinstance(numbers, (bytes, bytearray, str)):
            raise TypeError(f"{_article(type(numbers).__name__)} is no sequence of numbers")
        return array(kind, numbers).tobytes()
    except (TypeError, OverflowError) as error:
        width = {_U32: "whole numbers from 0 to 2^32 - 1", _S32: "whole numbers of 32 bits", _S64: "whole numbers of 64 bits"}
        raise TypeError(f"`{what}` of the answer is a sequence of {width[kind]}: {error}") from None


def _text(what: str, text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{what} is a str, not {_article(type(text).__name__)}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} is no text that UTF-8 has: {ascii(text)} holds half a surrogate pair") from None
    return text


def _bytes(types: Any, what: str, column: Any) -> Any:
    _of(BytesColumn, f"`{what}` of the answer", column)
    for name, data in (("data", column.data), ("validity", column.validity)):
        if not isinstance(data, bytes) and not (name == "validity" and data is None):
            raise TypeError(f"`{what}.{name}` of the answer is bytes, not {_article(type(data).__name__)}")
    return types.BytesColumn(_packed(_U32, f"{what}.offsets", column.offsets), column.data, column.validity)


def _bytes_patch(types: Any, what: str, patch: Any) -> Any:
    given: BytesPatch | None = _optional(BytesPatch, what, patch)
    if given is None:
        return None
    return types.BytesPatch(_packed(_U32, f"{what}.rows", given.rows), _bytes(types, f"{what}.values", given.values))


def _numbers_patch(made: Any, kind: type[Any], numbers: str, what: str, patch: Any) -> Any:
    given = _optional(kind, what, patch)
    if given is None:
        return None
    return made(_packed(_U32, f"{what}.rows", given.rows), _packed(numbers, f"{what}.values", given.values))


def _headers_patch(types: Any, patch: Any) -> Any:
    given: HeadersPatch | None = _optional(HeadersPatch, "headers", patch)
    if given is None:
        return None
    column = _of(HeadersColumn, "`headers.headers` of the answer", given.headers)
    return types.HeadersPatch(
        _packed(_U32, "headers.rows", given.rows),
        types.HeadersColumn(
            _packed(_U32, "headers.headers.rows", column.rows),
            _packed(_U32, "headers.headers.names", column.names),
            _bytes(types, "headers.headers.dictionary", column.dictionary),
            _bytes(types, "headers.headers.values", column.values),
        ),
    )
