"""Runs the component tool over a copy of a plugin's source.

The tool makes a snapshot of Python after all imports, so the component has no files: what is imported later must be
imported before, and only what the plugin consists of is handed to the tool.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from ..component import Description, check
from ..plugin import Plugin
from .failure import BuildError
from .project import Project
from .source import Source, collect

__all__ = ["TOOL", "VERSION", "build"]

TOOL = "componentize-py"
VERSION = "0.25.0"
"""The tool's version: another one embeds another Python, and another way to hand over columns."""

_INTERFACE = Path(__file__).parent.parent / "wit" / "v0.1"

# What is not part of a component: what only tests and builds need.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "tests", "*.dist-info", "testing", "build", "wit", "__main__.py")

# Modules that the standard library imports when they are needed first, which is too late in a component.
_LATE = [
    "_strptime",
    "encodings.ascii",
    "encodings.cp1252",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.utf_16",
    "encodings.utf_16_be",
    "encodings.utf_16_le",
    "encodings.utf_8_sig",
]


def build(project: Project, output: Path) -> Description:
    """Writes the component of a plugin, and returns what it says of itself.

    Raises :class:`BuildError` for a plugin of which no component can be made, and where the tool is missing.
    """
    source = collect(project.module, [project.folder])
    name, description = _described(project)
    tool = _tool()
    with tempfile.TemporaryDirectory(prefix="anabranch-plugin-") as staged:
        folder = Path(staged)
        _stage(source, folder / "app")
        (folder / "app" / "anabranch_component.py").write_text(_entry(project.module, name, description, source), "utf-8")
        # No environment is looked into: what the plugin needs is staged.
        (folder / "environment" / "lib" / "site-packages").mkdir(parents=True)
        made = folder / "component.wasm"
        command = [*tool, "-d", str(_INTERFACE), "-w", "plugin", "componentize", "anabranch_component"]
        command += ["-p", str(folder / "app"), "-o", str(made)]
        environment = os.environ | {"VIRTUAL_ENV": str(folder / "environment")}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
        if ran.returncode != 0 or not made.is_file():
            raise _refused(ran.stdout + ran.stderr)
        output.parent.mkdir(parents=True, exist_ok=True)
        # In two steps, so that whoever reads it meets a whole file.
        beside = output.with_name(f".{output.name}.{os.getpid()}")
        shutil.copyfile(made, beside)
        beside.replace(output)
    return description


def _described(project: Project) -> tuple[str, Description]:
    """The plugin's class and what it says of itself, after its module was imported here."""
    with _importing_from(project.folder):
        try:
            module = importlib.import_module(project.module)
        except Exception as error:
            raise BuildError(
                f"`{project.module}` cannot be imported: {type(error).__name__}: {error}",
                "`python -m pytest` shows where",
            ) from error
        if project.plugin is not None:
            plugin = getattr(module, project.plugin, None)
            if plugin is None:
                raise BuildError(f"there is no `{project.plugin}` in `{project.module}`")
        else:
            plugin = _only_plugin(module.__name__, vars(module))
        summary = project.summary
        if summary is None:
            summary = (plugin.__doc__ or "").strip().partition("\n")[0]
        version = project.version or str(getattr(module, "__version__", "0.0.0"))
        description = Description(project.name, version, summary)
        try:
            check(plugin, description)
        except (TypeError, ValueError, NameError) as error:
            raise BuildError(f"`{plugin.__name__}` describes itself wrongly: {error}") from None
    return plugin.__name__, description


def _only_plugin(module: str, names: dict[str, object]) -> type[Plugin]:
    own = [
        each
        for each in names.values()
        if isinstance(each, type) and issubclass(each, Plugin) and each is not Plugin and each.__module__ == module
    ]
    if len(own) == 1:
        return own[0]
    if not own:
        raise BuildError(f"`{module}` has no plugin", "derive a class from `anabranch_plugin.Plugin`")
    several = ", ".join(f"`{each.__name__}`" for each in own)
    raise BuildError(
        f"`{module}` has several plugins: {several}",
        f'say which one in pyproject.toml, under `[tool.anabranch]`: `plugin = "{module}:{own[0].__name__}"`',
    )


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _stage(source: Source, into: Path) -> None:
    """Copies what the component consists of."""
    into.mkdir()
    shutil.copytree(Path(__file__).parent.parent, into / "anabranch_plugin", ignore=_LEFT_OUT)
    for name, place in source.places.items():
        if place.is_dir():
            shutil.copytree(place, into / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(place, into / place.name)


def _entry(module: str, plugin: str, description: Description, source: Source) -> str:
    """The module that the tool makes a component of."""
    texts = (json.dumps(text) for text in (description.name, description.version, description.summary))
    late = sorted({*source.late, *_LATE})
    return f"""\
import contextlib
import importlib

from anabranch_plugin.component import Description, component
from {module} import {plugin} as _plugin

for _late in {late!r}:
    with contextlib.suppress(ImportError):
        importlib.import_module(_late)

Guest = component(_plugin, Description({", ".join(texts)}))
"""


def _tool() -> list[str]:
    """How the component tool is called, where it is there in the version that is needed."""
    install = f"{sys.executable} -m pip install {TOOL}=={VERSION}"
    try:
        version = metadata.version(TOOL)
    except metadata.PackageNotFoundError:
        version = None
    if version is not None:
        command = [sys.executable, "-c", "import componentize_py; componentize_py.script()"]
    else:
        on_path = shutil.which(TOOL)
        if on_path is None:
            raise BuildError(f"the component tool `{TOOL}` is not installed", f"install it: {install}")
        command = [on_path]
        said = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=False).stdout
        version = next(iter(re.findall(r"\d+\.\d+\.\d+\S*", said)), "unknown")
    if version != VERSION:
        raise BuildError(f"`{TOOL}` is version {version}, and plugins are built with {VERSION}", f"install it: {install}")
    return command


def _refused(said: str) -> BuildError:
    """What the tool says, with its own frames left out."""
    missing = re.search(r"(ModuleNotFoundError: No module named '([\w.]+)'|ImportError: .*)", said)
    if missing and missing[2]:
        return BuildError(
            f"the module `{missing[2]}` is not there in WebAssembly", "leave it out, or take a package that is Python only"
        )
    lines = [line for line in said.strip().splitlines() if line.strip()]
    begin = next((at for at, line in enumerate(lines) if line.startswith("Traceback")), max(len(lines) - 12, 0))
    end = next((at for at in range(begin, len(lines)) if re.match(r"(Caused by|Stack backtrace|thread ')", lines[at])), None)
    return BuildError(f"`{TOOL}` made no component:\n" + "\n".join(lines[begin:end]))
