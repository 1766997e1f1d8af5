"""The modules that a plugin consists of, and which of them WebAssembly cannot have.

They are found by what they import, without running any of it, so that an import that cannot work is told by its name and
line before the component tool begins.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path

from .failure import BuildError

__all__ = ["Source", "collect"]

_THREADS = "a plugin is called by one thread: do the work in the handler"
_NETWORK = "a plugin reaches no network: put what it needs into its parameters"
_PROCESSES = "a plugin starts no processes: do the work in the handler"

# Modules of the standard library that are of no use in WebAssembly, or not there, and what to do instead.
_IMPOSSIBLE = {
    "_thread": _THREADS,
    "threading": _THREADS,
    "concurrent.futures": _THREADS,
    "queue": _THREADS,
    "asyncio": "a plugin has nothing to wait for: make it an ordinary function",
    "socket": _NETWORK,
    "socketserver": _NETWORK,
    "ssl": _NETWORK,
    "select": _NETWORK,
    "selectors": _NETWORK,
    "http.client": _NETWORK,
    "http.server": _NETWORK,
    "urllib.request": _NETWORK,
    "ftplib": _NETWORK,
    "smtplib": _NETWORK,
    "multiprocessing": _PROCESSES,
    "subprocess": _PROCESSES,
    "ctypes": "a plugin cannot load native libraries: take a package that is Python only",
    "sqlite3": "a plugin has no files: keep what it remembers in a dict, and declare `state`",
    "dbm": "a plugin has no files: keep what it remembers in a dict, and declare `state`",
    "mmap": "a plugin has no files: put what it needs into its parameters",
    "curses": "a plugin has no terminal: say it by `log`",
    "tkinter": "a plugin has no screen: say it by `log`",
    "signal": "a plugin gets no signals: leave them to the host",
}

# Packages that are asked for often and are compiled: to install them would not help.
_OFTEN_NATIVE = frozenset(
    ["confluent_kafka", "cryptography", "duckdb", "fastavro", "lxml", "msgpack", "numpy", "orjson", "pandas", "polars", "psycopg2"]
    + ["pyarrow", "pydantic", "pydantic_core", "rapidjson", "scipy", "sklearn", "snappy", "torch", "ujson", "zstandard"]
)
_NATIVE = "take a package that is Python only, or write the plugin in Rust"


@dataclass
class Source:
    """What a component consists of."""

    places: dict[str, Path] = field(default_factory=dict)
    """Each top-level module or package that is not of the standard library, and its file or folder."""
    late: list[str] = field(default_factory=list)
    """Modules that are imported within functions: a component has no files to find them in later."""


def collect(module: str, folders: list[Path]) -> Source:
    """What ``module`` consists of, looked for in ``folders`` and then where this Python looks.

    Raises :class:`BuildError` for an import that cannot work in a component.
    """
    source = Source()
    path = [str(folder) for folder in folders] + [entry for entry in sys.path if entry]
    seen: set[str] = set()
    pending: list[tuple[str, str, bool]] = [(module, "", False)]
    while pending:
        name, where, optional = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        _refuse(name, where, optional)
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top in ("anabranch_plugin", "wit_world", "componentize_py_types"):
            continue
        spec = _spec(name, path)
        if spec is None or spec.origin is None:
            if "." in name:
                # Perhaps an attribute of a module, as in `from package import name`.
                pending.append((name.rpartition(".")[0], where, optional))
                continue
            if spec is not None and spec.submodule_search_locations:
                source.places[top] = Path(next(iter(spec.submodule_search_locations)))
                continue
            if optional:
                continue
            raise BuildError(
                f"{where}: there is no module `{name}`" if where else f"there is no module `{name}`",
                _NATIVE
                if top in _OFTEN_NATIVE
                else f"install it for this Python: {sys.executable} -m pip install {top.replace('_', '-')}",
            )
        if spec.origin.endswith(tuple(EXTENSION_SUFFIXES)):
            raise BuildError(
                f"{where}: `{name}` is a native module, which is not there in WebAssembly", _NATIVE
            )
        file = Path(spec.origin)
        if top not in source.places:
            source.places[top] = _place(top, path)
            _refuse_native(top, source.places[top], where)
        is_package = spec.submodule_search_locations is not None
        for imported, line, late, guarded in _imports(file, name, is_package):
            pending.append((imported, f"{file}:{line}", optional or guarded or not file.is_relative_to(folders[0])))
            if late:
                source.late.append(imported)
        if "." in name:
            pending.append((name.rpartition(".")[0], where, optional))
    return source


def _spec(name: str, path: list[str]) -> ModuleSpec | None:
    """Where a module lies, found without importing its parents."""
    search: list[str] = path
    spec = None
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:length]), search)
        if spec is None:
            return None
        search = list(spec.submodule_search_locations or [])
    return spec


def _place(top: str, path: list[str]) -> Path:
    spec = PathFinder.find_spec(top, path)
    if spec is None or spec.origin is None:
        raise BuildError(f"there is no module `{top}`")
    return Path(spec.origin).parent if spec.submodule_search_locations is not None else Path(spec.origin)


def _refuse(name: str, where: str, optional: bool) -> None:
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        remedy = _IMPOSSIBLE.get(".".join(parts[:length]))
        if remedy is not None and where and not optional:
            raise BuildError(f"{where}: `{'.'.join(parts[:length])}` is of no use in WebAssembly", remedy)


def _refuse_native(top: str, place: Path, where: str) -> None:
    if not place.is_dir():
        return
    for suffix in (".so", ".pyd", ".dylib"):
        if next(place.rglob(f"*{suffix}"), None) is not None:
            raise BuildError(
                f"{where}: `{top}` is a native package, which is not there in WebAssembly", _NATIVE
            )


def _imports(file: Path, module: str, is_package: bool) -> Iterator[tuple[str, int, bool, bool]]:
    """What a module imports: name, line, whether that is within a function, and whether it may fail."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        raise BuildError(f"{file}:{error.lineno}: {error.msg}") from None
    package = module if is_package else module.rpartition(".")[0]

    def visit(node: ast.AST, late: bool, guarded: bool) -> Iterator[tuple[str, int, bool, bool]]:
        match node:
            case ast.Import(names=names):
                for name in names:
                    yield name.name, node.lineno, late, guarded
            case ast.ImportFrom(module=base, names=names, level=level):
                if level:
                    parts = package.split(".")
                    above = parts[: len(parts) - level + 1]
                    base = ".".join([*above, base] if base else above)
                if base and base != "__future__":
                    for name in names:
                        yield base if name.name == "*" else f"{base}.{name.name}", node.lineno, late, guarded
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                for statement in node.orelse:
                    yield from visit(statement, late, guarded)
                return
            case ast.Try():
                guarded = guarded or bool(node.handlers)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                late = True
            case _:
                pass
        for child in ast.iter_child_nodes(node):
            yield from visit(child, late, guarded)

    yield from visit(tree, False, False)
