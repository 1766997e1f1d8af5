"""Which plugin is meant, and what its project says of it.

A plugin's name, version and summary are those of its ``pyproject.toml``, as of every Python project. A single module
without one can be built as well: it is called by its file's name, its version is its ``__version__``, and its summary is
the first line of the plugin's docstring.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .failure import BuildError

__all__ = ["Project", "find"]

_PROJECT = "pyproject.toml"


@dataclass(frozen=True)
class Project:
    """A plugin's source, and what is said of it. What is ``None`` the source itself says."""

    folder: Path
    """The folder that the plugin's module is imported from."""
    module: str
    """The module, for instance ``drop_test_users``."""
    plugin: str | None
    """The plugin's class in it; the only one there, if it is not named."""
    name: str
    version: str | None
    summary: str | None


def find(path: Path) -> Project:
    """The plugin of a project's folder, of a ``pyproject.toml`` or of a module's file.

    Raises :class:`BuildError` where there is none, or more than one could be meant.
    """
    if path.is_dir():
        path /= _PROJECT
    if not path.is_file():
        raise BuildError(f"there is no `{path}`", "name a module of Python, a `pyproject.toml` or the folder of one")
    if path.name == _PROJECT:
        return _of_project(path, None)
    if path.suffix != ".py":
        raise BuildError(f"`{path}` is no module of Python", "name a file that ends in `.py`, or a `pyproject.toml`")
    if not path.stem.isidentifier():
        raise BuildError(
            f"`{path.stem}` is no name of a module", f"call the file `{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}.py`"
        )
    path = path.resolve()
    folder, module = (path.parent.parent, path.parent.name) if path.stem == "__init__" else (path.parent, path.stem)
    for above in (folder, folder.parent) if folder.name == "src" else (folder,):
        if (above / _PROJECT).is_file():
            return _of_project(above / _PROJECT, (folder, module))
    return Project(folder, module, None, module.replace("_", "-"), None, None)


def _of_project(path: Path, given: tuple[Path, str] | None) -> Project:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BuildError(f"`{path}` is no TOML: {error}") from None
    project = document.get("project")
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        raise BuildError(f"`{path}` gives the project no name", 'write `name = "…"` under `[project]`')
    entry: Any = document.get("tool", {}).get("anabranch", {}).get("plugin")
    if entry is not None and not (isinstance(entry, str) and re.fullmatch(r"[\w.]+(:\w+)?", entry)):
        raise BuildError(
            f"`tool.anabranch.plugin` in `{path}` is not `module` or `module:Class`",
            'write for instance `plugin = "drop_test_users:DropTestUsers"` under `[tool.anabranch]`',
        )
    module, _, plugin = (entry or re.sub(r"[-.]+", "_", project["name"]).lower()).partition(":")
    if given is not None:
        # The file that was named; the class holds for it if the project means the same module.
        folder, plugin = given[0], plugin if given[1] == module else ""
        module = given[1]
    else:
        folder = _folder_of(module, path)
    version, summary = project.get("version"), project.get("description")
    for what, text in (("version", version), ("description", summary)):
        if text is not None and not isinstance(text, str):
            raise BuildError(f"the {what} in `{path}` is no text")
    return Project(folder, module, plugin or None, project["name"], version, summary)


def _folder_of(module: str, project: Path) -> Path:
    folder = project.resolve().parent
    relative = Path(*module.split("."))
    for place in (folder / "src", folder):
        if (place / relative).with_suffix(".py").is_file() or (place / relative / "__init__.py").is_file():
            return place
    raise BuildError(
        f"there is no `{relative}.py` in `{folder}` nor in its `src`",
        'say where the plugin is: `plugin = "module:Class"` under `[tool.anabranch]` in its pyproject.toml',
    )
