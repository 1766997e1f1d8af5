'''Runs a plugin natively, for its unit tests: no WebAssembly, no broker, no backup.

:func:`run` gives records to a plugin and returns what came out. It also holds the plugin to what it promises: the answer
must be the same however the records are cut into batches, a plugin that resumes must go on as if it had never stopped,
and an answer must be one that the host takes::

    from anabranch_plugin.testing import Dropped, record, run, tombstone

    def test_test_users_are_dropped():
        result = run(DropTestUsers, [record("test-7", "{}"), record("8", "{}"), tombstone("9")], prefix="test-")
        assert result.records == [record("8", "{}"), tombstone("9")]
        assert result.dropped == [Dropped(0, "test user")]
'''

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from .. import parameters
from ..component import Description, check
from ..host import Level, ways
from ..plugin import Context, Plugin
from .given import batch
from .outcome import Dropped, Fault, Rejected, Run, apply
from .records import OwnedRecord, record, tombstone

__all__ = ["CONTEXT", "Dropped", "OwnedRecord", "Rejected", "Run", "configure", "record", "run", "tombstone"]

P = TypeVar("P", bound=Plugin)

CONTEXT = Context("test", "orders", 0, "orders", 1_700_000_000_000, 7)
"""Where :func:`run` has the plugin think that it is."""


def configure(plugin: type[P], /, **given: Any) -> P:
    """The plugin with these parameters; defaults are filled in and types checked as the host does.

    Raises :class:`anabranch_plugin.ConfigurationError` for parameters that the plugin does not take.
    """
    check(plugin, Description("test", "0", ""))
    return plugin.configured(CONTEXT, parameters.resolve(parameters.declared(plugin), given))


def run(plugin: type[Plugin], records: Iterable[OwnedRecord], /, **given: Any) -> Run:
    """Gives ``records`` to a plugin with these parameters, at offsets from 0, and returns what came out.

    What the plugin raises passes through. Raises ``AssertionError`` if the plugin gives an answer that the host would not
    take, gives another answer when the records come in other batches, or depends on more of the past than its ``state``
    says.
    """
    records = list(records)
    whole = _pass(plugin, given, records, 0, len(records))
    for size in (1, 2, 3, 7):
        cut = _pass(plugin, given, records, 0, size)
        # How often something is logged may well depend on the batch.
        cut.log = whole.log
        if cut != whole:
            raise AssertionError(f"the answer depends on how records are cut: {whole} whole, but {cut} by {size}")
    replayed = plugin.state.records
    if replayed is None or len(records) < 2:
        return whole
    for resumed in range(1, len(records), -(-len(records) // 16)):
        rest = _pass(plugin, given, records, max(resumed - replayed, 0), len(records))
        for input in range(resumed, len(records)):
            expected, came = whole.outcome(input), rest.outcome(input)
            if came != expected:
                raise AssertionError(
                    f"the plugin depends on more than its `state`: record {input} became {expected}, but {came} when it "
                    f"resumed at record {resumed}"
                )
    return whole


def _pass(plugin: type[Plugin], given: dict[str, Any], records: list[OwnedRecord], first: int, size: int) -> Run:
    """What one instance makes of the records from ``first`` on, in batches of ``size``."""
    run = Run()

    def log(level: Level, message: str) -> None:
        run.log.append((level, message))

    def count(name: str, by: int) -> None:
        run.counters[name] = run.counters.get(name, 0) + by

    before = ways.log, ways.count
    ways.log, ways.count = log, count
    try:
        running = configure(plugin, **given)
        for begin in range(first, len(records), max(size, 1)):
            chunk = records[begin : begin + max(size, 1)]
            answer = running.batch(batch(chunk, begin, plugin.reads, CONTEXT))
            try:
                apply(answer, chunk, begin, plugin.changes, run)
            except Fault as fault:
                raise AssertionError(f"the host would not take this answer, {fault}: {answer}") from None
    finally:
        ways.log, ways.count = before
    return run
