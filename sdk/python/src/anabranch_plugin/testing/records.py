"""Records as a test writes them down and compares them."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["OwnedRecord", "record", "tombstone"]


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


@dataclass(frozen=True)
class OwnedRecord:
    """A record of its own: what goes into a run and what comes out. Made by :func:`record` and :func:`tombstone`."""

    key: bytes | None = None
    value: bytes | None = None
    """Null is a tombstone."""
    headers: tuple[tuple[str, bytes | None], ...] = ()
    """The headers in order."""
    timestamp: int | None = None
    """Milliseconds since the epoch."""
    topic: str | None = None
    """The topic that a plugin chose."""
    partition: int | None = None
    """The partition that a plugin chose."""

    def header(self, name: str, value: str | bytes | None) -> OwnedRecord:
        """The record with one header more."""
        return replace(self, headers=(*self.headers, (name, _bytes(value))))

    def at(self, timestamp: int) -> OwnedRecord:
        """The record with that timestamp, in milliseconds since the epoch."""
        return replace(self, timestamp=timestamp)

    def to_topic(self, topic: str) -> OwnedRecord:
        """The record sent to that topic."""
        return replace(self, topic=topic)

    def to_partition(self, partition: int) -> OwnedRecord:
        """The record sent to that partition."""
        return replace(self, partition=partition)


def record(key: str | bytes | None, value: str | bytes | None) -> OwnedRecord:
    """A record with that key and value, each of which may be ``None``; a ``str`` stands for its UTF-8."""
    return OwnedRecord(_bytes(key), _bytes(value))


def tombstone(key: str | bytes | None) -> OwnedRecord:
    """A record with that key and no value."""
    return record(key, None)
