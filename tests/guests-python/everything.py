"""Does with each record what its value says: a guest for the tests of the host and of the SDK for Python."""

from __future__ import annotations

import datetime

from anabranch_plugin import (
    Columns,
    ConfigurationError,
    Context,
    Level,
    Outcome,
    Plugin,
    Record,
    Rejection,
    count,
    log,
    parameter,
)

__version__ = "1.2.3"


class Everything(Plugin):
    """Does with each record what its value says."""

    reads = Columns.KEY | Columns.VALUE | Columns.HEADERS | Columns.TIMESTAMP
    changes = reads | Columns.TOPIC | Columns.PARTITION
    suffix: str = parameter("What is put behind values that are changed.", default="!")
    forbidden: list[str] = parameter("Parameters that make the configuration wrong.", default=[])
    limit: int | None = parameter("How much memory is taken, in MiB.")

    def configure(self, context: Context) -> None:
        if self.forbidden:
            raise ConfigurationError(f"nothing may be forbidden in job `{context.job}`", "forbidden")

    def record(self, record: Record) -> Outcome:
        if record.value is None:
            return record.keep()
        deed, _, rest = record.value.decode().partition(" ")
        match deed:
            case "drop":
                return record.drop(rest or None)
            case "change":
                record.set_value(rest.encode() + self.suffix.encode())
                record.add_header("trace", record.key)
                record.add_header("trace", None)
            case "tombstone":
                record.set_value(None)
            case "split":
                for part in rest.split(","):
                    record.set_value(part.encode())
                    record.emit()
                return record.finish()
            case "route":
                record.set_topic(rest)
                record.set_partition(0)
            case "day":
                # `strptime` imports a module when it is first called, where a component has no files.
                day = datetime.datetime.strptime(rest, "%Y-%m-%d").replace(tzinfo=datetime.timezone.utc)
                record.set_timestamp(int(day.timestamp() * 1000))
            case "count":
                count(rest)
                log(Level.WARN, f"counted {rest}")
            case "reject":
                raise Rejection(rest)
            case "fail":
                self.fail(rest)
            case "hoard":
                log(Level.INFO, str(len(b"x" * (int(rest) << 20))))
        return record.keep()

    def fail(self, message: str) -> None:
        raise ValueError(message)
