"""``testing.run`` fails for plugins that break their promises, and says which."""

from __future__ import annotations

import pytest

from anabranch_plugin import Columns, Context, Outcome, Plugin, Record, State, UndeclaredColumn, parameter
from anabranch_plugin.columns import Answer, Batch, BytesColumn, BytesPatch, Drops, RejectedRow
from anabranch_plugin.testing import record, run, tombstone

RECORDS = [record("k", str(n)) for n in range(10)]


class LastOfBatch(Plugin):
    """Drops the last record of each batch."""

    def batch(self, batch: Batch) -> Answer:
        return Answer(list(range(batch.count - 1)))


def test_an_answer_that_depends_on_batches() -> None:
    with pytest.raises(AssertionError, match="^the answer depends on how records are cut"):
        run(LastOfBatch, RECORDS)


class EverySecond(Plugin):
    """Drops every second record by counting, and declares no state."""

    seen = 0

    def record(self, record: Record) -> Outcome:
        self.seen += 1
        return record.drop("even") if self.seen % 2 == 0 else record.keep()


def test_state_that_is_not_declared() -> None:
    with pytest.raises(AssertionError, match="^the plugin depends on more than its `state`: record 1 became"):
        run(EverySecond, RECORDS)


class Honest(EverySecond):
    state = State.LANE


class Change(Plugin):
    """Drops values that repeat the one before."""

    reads = Columns.VALUE
    state = State.window(1)
    before: bytes | None = None

    def record(self, record: Record) -> Outcome:
        repeated = record.value == self.before
        self.before = record.value
        return record.drop("repeated") if repeated else record.keep()


def test_state_that_is_declared() -> None:
    assert len(run(Honest, RECORDS).records) == 5
    repeated = [record("k", value) for value in "aabbbac"]
    assert [each.value for each in run(Change, repeated).records] == [b"a", b"b", b"a", b"c"]
    Change.state = State.NONE
    with pytest.raises(AssertionError, match="^the plugin depends on more than its `state`"):
        run(Change, repeated)


class Peeks(Plugin):
    reads = Columns.VALUE

    def record(self, record: Record) -> Outcome:
        return record.keep() if record.key else record.drop()


class Meddles(Plugin):
    reads = Columns.KEY

    def record(self, record: Record) -> Outcome:
        record.set_key(None)
        return record.keep()


@pytest.mark.parametrize(
    ("look", "said"),
    [
        ("key", "the key without declaring it: name `Columns.KEY`"),
        ("value", "the value without declaring it: name `Columns.VALUE`"),
        ("headers", "headers without declaring it: name `Columns.HEADERS`"),
        ("timestamp", "the timestamp without declaring it: name `Columns.TIMESTAMP`"),
        ("routed_topic", "the topic that an earlier plugin chose without declaring it: name `Columns.TOPIC`"),
        ("routed_partition", "the partition that an earlier plugin chose without declaring it: name `Columns.PARTITION`"),
    ],
)
def test_a_column_that_is_not_declared_as_read(look: str, said: str) -> None:
    class Looks(Plugin):
        def record(self, record: Record) -> Outcome:
            getattr(record, look)
            return record.keep()

    with pytest.raises(UndeclaredColumn, match=f"the plugin looks at {said} in `reads`"):
        run(Looks, RECORDS)


def test_one_declared_column_does_not_stand_for_another() -> None:
    with pytest.raises(UndeclaredColumn, match="looks at the key"):
        run(Peeks, RECORDS)


def test_a_column_that_is_not_declared_as_changed() -> None:
    with pytest.raises(UndeclaredColumn, match="name `Columns.KEY` in `changes`"):
        run(Meddles, RECORDS)


def column(*values: bytes | None) -> BytesColumn:
    return BytesColumn.of(values)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer([10]), "which selects row 10 of 10"),
        (Answer([1, 0]), "whose selection decreases"),
        (Answer([-1]), "whose selection are not all whole numbers"),
        (Answer(values=BytesPatch([0], column(b"a"))), r"which changes Columns\.VALUE against `changes`"),
        (Answer(keys=BytesPatch([0, 0], column(b"a", b"b"))), "rows out of order"),
        (Answer(keys=BytesPatch([0], column(b"a", b"b"))), "another number of entries"),
        (Answer(keys=BytesPatch([10], column(b"a"))), "which patches output row 10 of 10"),
        (Answer(keys=BytesPatch([0], BytesColumn([0, 2], b"a"))), "whose offsets of keys"),
        (Answer(rejected=[RejectedRow(0, "bad")]), "which rejects row 0 twice or selects it as well"),
        (Answer(drops=Drops([0], [0], ["why"])), "which drops row 0 and does something else with it"),
        (Answer([], drops=Drops([0], [1], ["why"])), "with a reason beyond the dictionary"),
    ],
)
def test_an_answer_that_the_host_would_not_take(answer: Answer, said: str) -> None:
    class Invents(Plugin):
        changes = Columns.KEY

        def batch(self, batch: Batch) -> Answer:
            return answer

    with pytest.raises(AssertionError, match=f"the host would not take this answer, .*{said}"):
        run(Invents, RECORDS)


def test_records_that_are_emitted_after_keep_was_said_do_not_move_what_is_set_on_the_next() -> None:
    class Twice(Plugin):
        reads = Columns.KEY
        changes = Columns.VALUE

        def record(self, record: Record) -> Outcome:
            outcome = record.keep()
            if record.key == b"a":
                record.set_value(b"first")
                record.emit()
            record.set_value(record.key)
            return outcome

    came = run(Twice, [record("a", "x"), record("b", "y")]).records
    assert came == [record("a", "first"), record("a", "a"), record("b", "b")]



def test_a_handler_that_does_not_say_what_becomes_of_the_record() -> None:
    class Silent(Plugin):
        def record(self, record: Record) -> Outcome:
            record.drop("forgotten")
            return None  # type: ignore[return-value]

    with pytest.raises(TypeError, match="the handler returned None: end with `return record.keep"):
        run(Silent, RECORDS)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda record: record.set_value("text"), TypeError, r"a value is bytes or None, not str; `\.encode\(\)`"),
        (lambda record: record.set_key(7), TypeError, "a key is bytes or None, not int"),
        (lambda record: record.set_headers([(b"name", None)]), TypeError, "the name of a header is a str, not bytes"),
        (lambda record: record.set_partition(-1), ValueError, "-1 is no partition"),
        (lambda record: record.set_timestamp(1.5), TypeError, "a timestamp is an int, not float"),
        (lambda record: record.set_topic(b"t"), TypeError, "a topic is a str, not bytes"),
        (lambda record: record.drop(7), TypeError, "a reason is a str, not int"),
    ],
)
def test_what_is_set_has_its_type(call: object, error: type[Exception], said: str) -> None:
    class Sets(Plugin):
        reads = Columns.HEADERS
        changes = ~Columns.NONE

        def record(self, record: Record) -> Outcome:
            call(record)  # type: ignore[operator]
            return record.keep()

    with pytest.raises(error, match=said):
        run(Sets, [tombstone("k")])


def test_where_it_runs_is_told() -> None:
    class Where(Plugin):
        changes = Columns.VALUE

        def configure(self, context: Context) -> None:
            self.where = f"{context.job} {context.source_topic}-{context.source_partition} {context.target_topic}"

        def record(self, record: Record) -> Outcome:
            record.set_value(f"{self.where} {record.topic}-{record.partition}@{record.offset}".encode())
            return record.keep()

    assert [each.value for each in run(Where, RECORDS[:2]).records] == [
        b"test orders-0 orders orders-0@0",
        b"test orders-0 orders orders-0@1",
    ]


class Says(Plugin):
    """Says several things of a record, or says one and goes on."""

    reads = Columns.KEY | Columns.VALUE
    changes = Columns.VALUE | Columns.HEADERS
    deed: str = parameter("What it does.")

    def record(self, record: Record) -> Outcome:
        match self.deed:
            case "drop and keep":
                record.drop("secret")
            case "reject and keep":
                record.reject("bad")
            case "drop twice":
                record.drop("one")
                return record.drop("other")
            case "emit after drop":
                record.drop("one")
                record.emit()
            case "assign the value":
                record.value = b"new"  # type: ignore[misc]
            case "assign the key":
                record.key = b"new"  # type: ignore[misc]
        return record.keep()


@pytest.mark.parametrize("deed", ["drop and keep", "reject and keep", "drop twice", "emit after drop"])
def test_what_was_said_and_not_returned_is_no_record_that_is_kept(deed: str) -> None:
    with pytest.raises(RuntimeError, match="it was said already what becomes of this record"):
        run(Says, [record("k", "v")], deed=deed)


@pytest.mark.parametrize("what", ["key", "value"])
def test_an_assignment_to_the_record_changes_nothing_and_says_so(what: str) -> None:
    with pytest.raises(AttributeError, match=rf"assigning to `record.{what}` changes nothing: write `record.set_{what}"):
        run(Says, [record("k", "v")], deed=f"assign the {what}")


def test_a_handler_that_is_async_is_told() -> None:
    class Waits(Plugin):
        async def record(self, record: Record) -> Outcome:  # type: ignore[override]
            return record.keep()

    with pytest.raises(TypeError, match="the handler is `async`"):
        run(Waits, [record("k", "v")])


def test_a_plugin_answers_by_record_or_by_batch() -> None:
    class Both(Plugin):
        def record(self, record: Record) -> Outcome:
            return record.keep()

        def batch(self, batch: Batch) -> Answer:
            return Answer()

    with pytest.raises(TypeError, match="one of `record` and `batch`"):
        run(Both, [record("k", "v")])


def test_a_parameter_takes_no_name_that_a_plugin_needs() -> None:
    class Named(Plugin):
        batch: str = parameter("Hides a method.")  # type: ignore[assignment]

    with pytest.raises(TypeError, match="no parameter can be called `batch`"):
        run(Named, [record("k", "v")])
