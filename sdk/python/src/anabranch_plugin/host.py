"""The two ways out of a plugin: a line in the restore's log and a counter in its report."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

__all__ = ["Level", "count", "log", "printable"]


class Level(Enum):
    """How much a log line matters. ``DEBUG`` is shown with ``-v``; the others always."""

    DEBUG = 0
    INFO = 1
    WARN = 2
    ERROR = 3


class Ways:
    """Where lines and counts go: nowhere, unless a component or a test listens."""

    def __init__(self) -> None:
        self.log: Callable[[Level, str], None] = lambda level, message: None
        self.count: Callable[[str, int], None] = lambda name, by: None


ways = Ways()


def log(level: Level, message: str) -> None:
    """Writes a line to the restore's log, under the plugin's name.

    Lines beyond the job's limit are counted and left out.
    """
    if not isinstance(level, Level):
        raise TypeError(f"`log` takes a `Level` and a message, not {level!r} first")
    ways.log(level, printable(str(message)))


def count(name: str, by: int = 1) -> None:
    """Adds to a counter of the plugin's own, shown in the report."""
    if not isinstance(name, str) or not isinstance(by, int):
        raise TypeError("`count` takes the name of a counter and a whole number")
    if not 0 <= by < 1 << 64:
        raise ValueError(f"a counter cannot grow by {by}")
    ways.count(printable(name), by)


def printable(text: str) -> str:
    """The text as UTF-8 has it: halves of surrogate pairs, which it has not, are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
