"""What a plugin's class says of its parameters, and what a job may say to it."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from anabranch_plugin import Columns, ConfigurationError, Context, Outcome, Plugin, Record, count, log, parameter
from anabranch_plugin import Level
from anabranch_plugin.parameters import ParameterKind, declared
from anabranch_plugin.testing import configure, record, run


class Settings(Plugin):
    tries: int = parameter("How often\n    to try.", default=3, name="max-tries")
    share: float = parameter("How much.", default=1)
    loud: bool = parameter("Whether it is said.", default=False)
    names: list[str] = parameter("Who.", default=[])
    how: Literal["fast", "slow"] = parameter("How.", default="fast")
    otherwise: str | None = parameter("Where the rest goes.")
    prefix: bytes = parameter("What keys begin with.", default=b"test-")
    ending: bytes | None = parameter("What keys end with.")
    rules: dict[str, Any] = parameter("What goes where.")

    def configure(self, context: Context) -> None:
        if self.tries == 0:
            raise ConfigurationError("must be 1 or more", "max-tries")


def test_parameters_are_told_from_the_class() -> None:
    told = [(each.name, each.kind, each.required, each.default_json, each.help) for each in declared(Settings)]
    assert told == [
        ("max-tries", ParameterKind.INTEGER, False, "3", "How often to try."),
        ("share", ParameterKind.NUMBER, False, "1", "How much."),
        ("loud", ParameterKind.BOOLEAN, False, "false", "Whether it is said."),
        ("names", ParameterKind.TEXTS, False, "[]", "Who."),
        ("how", ParameterKind.TEXT, False, '"fast"', "How."),
        ("otherwise", ParameterKind.TEXT, False, None, "Where the rest goes."),
        ("prefix", ParameterKind.TEXT, False, '"test-"', "What keys begin with."),
        ("ending", ParameterKind.TEXT, False, None, "What keys end with."),
        ("rules", ParameterKind.ANY, True, None, "What goes where."),
    ]


def test_a_plugin_gets_values_of_its_types() -> None:
    plugin = configure(Settings, rules={"a": ["b"]}, **{"max-tries": 7})
    assert (plugin.tries, plugin.names, plugin.how, plugin.otherwise) == (7, [], "fast", None)
    assert plugin.share == 1.0 and isinstance(plugin.share, float)
    assert plugin.rules == {"a": ["b"]}
    assert (plugin.prefix, plugin.ending) == (b"test-", None)
    assert configure(Settings, rules={}, prefix="ü").prefix == "ü".encode()
    assert plugin.names is not configure(Settings, rules={}).names


@pytest.mark.parametrize(
    ("given", "parameter", "message"),
    [
        ({}, "rules", "is required and not given"),
        ({"rules": 1, "tries": 1}, "tries", "the plugin takes no parameter `tries`; it takes `max-tries`, "),
        ({"rules": 1, "max-tries": "1"}, "max-tries", "must be an integer"),
        ({"rules": 1, "max-tries": True}, "max-tries", "must be an integer"),
        ({"rules": 1, "names": ["a", 1]}, "names", "must be a list of texts"),
        ({"rules": 1, "how": "late"}, "how", "must be one of `fast`, `slow`"),
        ({"rules": 1, "max-tries": 0}, "max-tries", "must be 1 or more"),
    ],
)
def test_what_a_plugin_does_not_take(given: dict[str, Any], parameter: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        configure(Settings, **given)
    assert refused.value.parameter == parameter
    assert refused.value.message.startswith(message)


def test_a_default_of_the_wrong_type() -> None:
    class Wrong(Plugin):
        tries: int = parameter("How often.", default="3")

    with pytest.raises(TypeError, match="the default of the parameter `tries` is not an integer"):
        configure(Wrong)


def test_a_description_that_makes_no_sense() -> None:
    class Wrong(Plugin):
        reads = "key"  # type: ignore[assignment]

    with pytest.raises(TypeError, match="`reads` is written in `Columns`"):
        configure(Wrong)


def test_what_is_counted_and_logged() -> None:
    class Says(Plugin):
        reads = Columns.KEY

        def record(self, record: Record) -> Outcome:
            count("seen")
            count("bytes", len(record.key or b""))
            log(Level.WARN, "seen")
            return record.keep()

    result = run(Says, [record("ab", None), record(None, None)])
    assert result.counters == {"seen": 2, "bytes": 2}
    assert result.log == [(Level.WARN, "seen"), (Level.WARN, "seen")]
