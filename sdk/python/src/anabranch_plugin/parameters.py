"""What a job file may say to a plugin, told from the plugin's class."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal

__all__ = ["ConfigurationError", "Parameter", "ParameterKind", "declared", "parameter", "resolve", "typed"]


class ParameterKind(Enum):
    """The type of a parameter, as written in a job file."""

    TEXT = 0
    INTEGER = 1
    NUMBER = 2
    BOOLEAN = 3
    TEXTS = 4
    ANY = 5


class ConfigurationError(Exception):
    """A configuration that the plugin does not take; no record moves then."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.parameter = parameter


_NONE: Any = object()


class Parameter:
    """A parameter that the plugin takes, made by :func:`parameter`; on an instance the attribute is its value."""

    def __init__(self, help: str, default: Any, name: str | None) -> None:
        self.help = " ".join(help.split())
        self.default = default
        self.name = name or ""
        self.attribute = ""
        self.kind = ParameterKind.ANY
        self.choices: tuple[str, ...] | None = None
        self.is_bytes = False
        self.required = default is _NONE

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute
        self.name = self.name or attribute

    @property
    def default_json(self) -> str | None:
        """The default as JSON, if there is one."""
        if self.required or self.default is None:
            return None
        return json.dumps(self.default, ensure_ascii=False)


def parameter(help: str, *, default: Any = _NONE, name: str | None = None) -> Any:
    """Declares a parameter: ``prefix: str = parameter("What keys begin with.", default="test-")``.

    The annotation is its type: ``str`` (or ``Literal`` of some), ``bytes`` for the UTF-8 of a text, ``int``, ``float``,
    ``bool``, ``list[str]``, or any other for whatever the job file holds there. Without a default the job has to give it; with ``default=None``, or
    with an annotation ``… | None``, it may be absent, and is ``None`` then. ``name`` is what job files call it, where that is
    not the attribute's name, for instance because there is a hyphen in it.
    """
    return Parameter(help, default, name)


def declared(plugin: type) -> list[Parameter]:
    """The parameters of a plugin's class in the order in which they are written, those of its bases first."""
    found: dict[str, Parameter] = {}
    for base in reversed(plugin.__mro__):
        for attribute, value in vars(base).items():
            if isinstance(value, Parameter):
                found[attribute] = value
            else:
                found.pop(attribute, None)
    if not found:
        return []
    hints = typing.get_type_hints(plugin)
    for attribute, each in found.items():
        if any(attribute in vars(base) and not isinstance(vars(base)[attribute], Parameter) for base in plugin.__mro__):
            raise TypeError(f"no parameter can be called `{attribute}`: a plugin has that already")
        if attribute not in hints:
            raise TypeError(f"the parameter `{attribute}` has no type: write `{attribute}: str = parameter(…)`")
        kind, choices, may_be_absent = _kind(hints[attribute])
        each.kind, each.choices = kind, choices
        each.is_bytes = _bare(hints[attribute]) is bytes
        if each.is_bytes and isinstance(each.default, bytes):
            each.default = each.default.decode()
        if each.default is _NONE:
            each.required = not may_be_absent
            if may_be_absent:
                each.default = None
        elif each.default is not None and not accepts(kind, each.default):
            raise TypeError(f"the default of the parameter `{attribute}` is not {words(kind)}")
    return list(found.values())


def _kind(hint: Any) -> tuple[ParameterKind, tuple[str, ...] | None, bool]:
    """The type that an annotation means, the texts that it allows, and whether it may be absent."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        inner = [each for each in typing.get_args(hint) if each is not type(None)]
        absent = len(inner) < len(typing.get_args(hint))
        if len(inner) == 1:
            kind, choices, _ = _kind(inner[0])
            return kind, choices, absent
        return ParameterKind.ANY, None, absent
    if origin is Literal and all(isinstance(each, str) for each in typing.get_args(hint)):
        return ParameterKind.TEXT, typing.get_args(hint), False
    simple = {
        str: ParameterKind.TEXT,
        bytes: ParameterKind.TEXT,
        int: ParameterKind.INTEGER,
        float: ParameterKind.NUMBER,
        bool: ParameterKind.BOOLEAN,
        list[str]: ParameterKind.TEXTS,
    }
    try:
        return simple.get(hint, ParameterKind.ANY), None, False
    except TypeError:
        return ParameterKind.ANY, None, False


def _bare(hint: Any) -> Any:
    """An annotation without ``| None``."""
    inner = [each for each in typing.get_args(hint) if each is not type(None)]
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return inner[0] if is_union and len(inner) == 1 else hint


def words(kind: ParameterKind) -> str:
    """The type in words, with its article."""
    return {
        ParameterKind.TEXT: "a text",
        ParameterKind.INTEGER: "an integer",
        ParameterKind.NUMBER: "a number",
        ParameterKind.BOOLEAN: "a boolean",
        ParameterKind.TEXTS: "a list of texts",
        ParameterKind.ANY: "any value",
    }[kind]


def accepts(kind: ParameterKind, value: Any) -> bool:
    """Whether a value of JSON is of this type, by the host's rules."""
    match kind:
        case ParameterKind.TEXT:
            return isinstance(value, str)
        case ParameterKind.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 64
        case ParameterKind.NUMBER:
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case ParameterKind.BOOLEAN:
            return isinstance(value, bool)
        case ParameterKind.TEXTS:
            return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
        case ParameterKind.ANY:
            return True


def resolve(parameters: list[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """The whole configuration, as the host makes it: what is given, and defaults for what is not.

    Raises :class:`ConfigurationError` for a parameter that is unknown, missing or of the wrong type.
    """
    known = {each.name: each for each in parameters}
    for name in given:
        if name not in known:
            takes = ", ".join(f"`{each}`" for each in known) or "none"
            raise ConfigurationError(f"the plugin takes no parameter `{name}`; it takes {takes}", name)
    resolved: dict[str, Any] = {}
    for each in parameters:
        if each.name in given:
            if not accepts(each.kind, given[each.name]):
                raise ConfigurationError(f"must be {words(each.kind)}", each.name)
            resolved[each.name] = json.loads(json.dumps(given[each.name]))
        elif each.required:
            raise ConfigurationError("is required and not given", each.name)
        elif each.default is not None:
            resolved[each.name] = json.loads(json.dumps(each.default))
    return resolved


def typed(each: Parameter, resolved: Mapping[str, Any]) -> Any:
    """The value of one parameter as its annotation has it; ``None`` where it is absent."""
    value = resolved.get(each.name)
    if value is None:
        return None
    if each.kind is ParameterKind.NUMBER:
        return float(value)
    if each.choices is not None and value not in each.choices:
        allowed = ", ".join(f"`{choice}`" for choice in each.choices)
        raise ConfigurationError(f"must be one of {allowed}", each.name)
    return value.encode() if each.is_bytes else value
