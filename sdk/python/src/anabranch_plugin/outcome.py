"""What becomes of a record: what a handler returns."""

from __future__ import annotations

__all__ = ["EMITTED", "FINISHED", "KEPT", "Dropped", "Outcome", "Rejected", "Rejection"]


class Outcome:
    """What becomes of a record: made by ``record.keep()``, ``drop()``, ``finish()`` and ``reject()``."""

    __slots__ = ()


class Dropped(Outcome):
    """The record is left out; one for each reason, made once a batch."""

    __slots__ = ("index",)

    def __init__(self, index: int | None) -> None:
        self.index = index


class Rejected(Outcome):
    """The record can neither pass nor be left out."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


KEPT = Outcome()
"""The record is passed on as it now stands, after those that it emitted."""
EMITTED = Outcome()
"""The record is still under way, and something came of it already; no handler returns that."""
FINISHED = Outcome()
"""Nothing more comes of the record than what it emitted."""


class Rejection(Exception):
    """Raised anywhere below a handler, it rejects the record as ``return record.reject(reason)`` does."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
