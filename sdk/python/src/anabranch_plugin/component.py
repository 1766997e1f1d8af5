"""Makes a component of a :class:`~anabranch_plugin.Plugin`: what ``python -m anabranch_plugin build`` writes calls to.

It runs inside WebAssembly, where ``wit_world`` and ``componentize_py_types`` are made by the component tool.
"""

from __future__ import annotations

import importlib
import json
import traceback
from dataclasses import dataclass
from typing import Any

from . import crossing, host, parameters
from .columns import Columns
from .host import Level, printable
from .parameters import ConfigurationError
from .plugin import Context, Plugin, State

__all__ = ["Description", "check", "component", "failure"]


@dataclass(frozen=True)
class Description:
    """What the plugin's project says of it."""

    name: str
    version: str
    summary: str


def component(plugin: type[Plugin], description: Description) -> type[Any]:
    """The class ``Guest`` of a component."""
    Err = importlib.import_module("componentize_py_types").Err
    imported = importlib.import_module("wit_world.imports.host")
    types = importlib.import_module("wit_world.imports.types")
    levels = {Level.DEBUG: types.Level.DEBUG, Level.INFO: types.Level.INFO}
    levels |= {Level.WARN: types.Level.WARN, Level.ERROR: types.Level.ERROR}
    host.ways.log = lambda level, message: imported.log(levels[level], message)
    host.ways.count = imported.count
    described = _describe(plugin, description, types)
    running: list[Plugin] = []

    class Component:
        def describe(self) -> Any:
            return described

        def configure(self, context: Any, given: str) -> None:
            try:
                where = Context(
                    context.job,
                    context.source_topic,
                    context.source_partition,
                    context.target_topic,
                    context.started,
                    context.seed,
                )
                running[:] = [plugin.configured(where, json.loads(given))]
            except ConfigurationError as error:
                raise Err(types.ConfigurationError(error.parameter, error.message)) from None
            except BaseException as error:
                raise Err(types.ConfigurationError(None, failure(error))) from None

        def process(self, batch: Any) -> Any:
            try:
                return crossing.given(running[0].batch(crossing.taken(batch)), types)
            except BaseException as error:
                raise Err(failure(error)) from None

    return Component


def check(plugin: type[Plugin], description: Description) -> None:
    """Raises ``TypeError`` or ``ValueError`` for a plugin that describes itself wrongly, before the host does."""
    if not (isinstance(plugin, type) and issubclass(plugin, Plugin)):
        raise TypeError(f"{plugin!r} is no class derived from `Plugin`")
    for what, text in (("name", description.name), ("version", description.version)):
        if not text.strip():
            raise ValueError(f"the plugin's {what} is empty")
    for attribute, value in (("reads", plugin.reads), ("changes", plugin.changes)):
        if not isinstance(value, Columns):
            raise TypeError(f"`{attribute}` is written in `Columns`, for instance `Columns.KEY | Columns.VALUE`, not {value!r}")
    if not isinstance(plugin.state, State):
        raise TypeError(f"`state` is `State.NONE`, `State.window(n)` or `State.LANE`, not {plugin.state!r}")
    if plugin.record is not Plugin.record and plugin.batch is not Plugin.batch:
        raise TypeError("a plugin has one of `record` and `batch`: what becomes of a record, or of a whole batch")
    names = [each.name for each in parameters.declared(plugin)]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the parameter `{name}` appears twice")


def _describe(plugin: type[Plugin], description: Description, types: Any) -> Any:
    """The plugin's description of itself, in the types of the interface."""
    check(plugin, description)
    kinds = list(types.ParameterType)
    state = plugin.state.records
    return types.Description(
        description.name,
        description.version,
        description.summary,
        _flags(plugin.reads, types),
        _flags(plugin.changes, types),
        types.State_Lane() if state is None else types.State_Window(state) if state else types.State_None_(),
        [
            types.Parameter(each.name, kinds[each.kind.value], each.required, each.default_json, each.help)
            for each in parameters.declared(plugin)
        ],
    )


def _flags(columns: Columns, types: Any) -> Any:
    return types.Columns(columns.value)


def failure(error: BaseException) -> str:
    """An exception in one line: its type and message, and the lines of the plugin that it came through.

    The whole traceback goes to the log, where ``-v`` shows it.
    """
    if isinstance(error, MemoryError):
        return "MemoryError: the plugin wants more memory than its limit `memory`"
    try:
        host.log(Level.DEBUG, "".join(traceback.format_exception(error)))
    except Exception:
        pass
    told = printable("".join(traceback.format_exception_only(error)).strip().replace("\n", " "))
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.replace("\\", "/").rpartition("/")[0].endswith("/anabranch_plugin")
    ]
    where = "; ".join(f"{_name(frame.filename)}:{frame.lineno} in {frame.name}" for frame in reversed(frames[-8:]))
    return f"{told} ({where})" if where else told


def _name(path: str) -> str:
    """A file of the plugin as its author knows it: the component's root is a folder called by a number."""
    parts = path.replace("\\", "/").split("/")
    return "/".join(parts[2:]) if len(parts) > 2 and parts[0] == "" and parts[1].isdigit() else path
