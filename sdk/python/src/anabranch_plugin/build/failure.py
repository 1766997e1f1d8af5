"""What can be wrong with a build, each with what to do about it."""

from __future__ import annotations

__all__ = ["BuildError"]


class BuildError(Exception):
    """A plugin of which no component can be made."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
