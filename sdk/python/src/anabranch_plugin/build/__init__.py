"""Makes a component of a plugin's source: what ``python -m anabranch_plugin build`` does.

The component tool is needed for this and for nothing else.
"""

from __future__ import annotations

from .failure import BuildError
from .project import Project, find
from .tool import build

__all__ = ["BuildError", "Project", "build", "find"]
