from anabranch_plugin import Columns, Outcome, Plugin, Record, parameter


class LeaveOut(Plugin):
    reads = Columns.KEY
    prefix: bytes = parameter("What the keys of records that are left out begin with.", default=b"test-")

    def record(self, record: Record) -> Outcome:
        if record.key is not None and record.key.startswith(self.prefix):
            return record.drop("left out")
        return record.keep()
