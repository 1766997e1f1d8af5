'''Write Anabranch plugins in Python.

A plugin stands between a backup of Kafka topics and the cluster that it is restored to: it sees every record and keeps
it, drops it, changes it, makes several of it, sends it elsewhere or rejects it. This one leaves out test users::

    from anabranch_plugin import Columns, Outcome, Plugin, Record, parameter

    class DropTestUsers(Plugin):
        """Leaves out the records of test users."""

        reads = Columns.KEY
        prefix: bytes = parameter("What the keys of test users begin with.", default=b"test-")

        def record(self, record: Record) -> Outcome:
            if record.key is not None and record.key.startswith(self.prefix):
                return record.drop("test user")
            return record.keep()

``python -m anabranch_plugin build`` makes a component of it. It needs no WebAssembly to be tested: see
:mod:`anabranch_plugin.testing`.

Records cross in columns, thousands at a time, and only the columns that ``reads`` names. What a plugin does not change
stays the host's own bytes and never crosses back.

Nothing is reachable from a plugin but :func:`log` and :func:`count`. The same records and parameters must give the same
answers, however the host cuts them into batches. What a plugin remembers from record to record it declares in ``state``.
'''

from __future__ import annotations

from .columns import Columns
from .host import Level, count, log
from .outcome import Outcome, Rejection
from .parameters import ConfigurationError, parameter
from .patch import Header
from .plugin import Context, Plugin, State
from .record import Record, UndeclaredColumn

__all__ = [
    "Columns",
    "ConfigurationError",
    "Context",
    "Header",
    "Level",
    "Outcome",
    "Plugin",
    "Record",
    "Rejection",
    "State",
    "UndeclaredColumn",
    "count",
    "log",
    "parameter",
]
