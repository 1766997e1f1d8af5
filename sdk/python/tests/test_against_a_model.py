"""The record loop against a model that keeps records one by one: seeded random handlers over random records."""

from __future__ import annotations

import random
from typing import Any

import pytest

from anabranch_plugin import Columns, Outcome, Plugin, Record, Rejection
from anabranch_plugin.testing import Dropped, OwnedRecord, Rejected, Run, run

BYTES = [None, b"", b"a", b"test-1", bytes(range(256)), "Zürich".encode()]
EVERYTHING = (
    Columns.KEY | Columns.VALUE | Columns.HEADERS | Columns.TIMESTAMP | Columns.TOPIC | Columns.PARTITION
)
# A deed is a list of changes, each followed by what is done then.
Deed = list[tuple[str, Any]]


def random_record(chance: random.Random) -> OwnedRecord:
    headers = [(chance.choice(["a", "b", "é"]), chance.choice(BYTES)) for _ in range(chance.randrange(4))]
    return OwnedRecord(
        chance.choice(BYTES),
        chance.choice(BYTES),
        tuple(headers),
        chance.choice([None, 0, 1_700_000_000_000]),
        chance.choice([None, None, "elsewhere"]),
        chance.choice([None, None, 3]),
    )


def random_deeds(chance: random.Random) -> Deed:
    deeds: Deed = []
    for _ in range(chance.randrange(3)):
        for _ in range(chance.randrange(4)):
            deeds.append(
                chance.choice(
                    [
                        ("key", chance.choice(BYTES)),
                        ("value", chance.choice(BYTES)),
                        ("headers", [("n", chance.choice(BYTES)), ("n", None)][: chance.randrange(3)]),
                        ("add", ("h", chance.choice(BYTES))),
                        ("timestamp", chance.choice([None, 0, 7])),
                        ("topic", chance.choice(["one", "two"])),
                        ("partition", chance.randrange(3)),
                    ]
                )
            )
        if chance.random() < 0.4:
            deeds.append(("emit", None))
    deeds.append(
        chance.choice([("keep", None)] * 3 + [("drop", "why"), ("drop", None), ("finish", None), ("reject", "bad"), ("raise", "worse")])
    )
    return deeds


class Scripted(Plugin):
    """Does what the script says of the record's offset."""

    reads = EVERYTHING
    changes = EVERYTHING
    script: list[Deed] = []
    seen: list[OwnedRecord] = []

    def record(self, record: Record) -> Outcome:
        came = OwnedRecord(
            record.key,
            record.value,
            tuple(tuple(header) for header in record.headers),  # type: ignore[misc]
            record.timestamp,
            record.routed_topic,
            record.routed_partition,
        )
        assert came == self.seen[record.offset]
        for deed, given in self.script[record.offset]:
            match deed:
                case "key":
                    record.set_key(given)
                case "value":
                    record.set_value(given)
                case "headers":
                    record.set_headers(given)
                case "add":
                    record.add_header(*given)
                case "timestamp":
                    record.set_timestamp(given)
                case "topic":
                    record.set_topic(given)
                case "partition":
                    record.set_partition(given)
                case "emit":
                    record.emit()
                case "drop":
                    return record.drop(given)
                case "finish":
                    return record.finish()
                case "reject":
                    return record.reject(given)
                case "raise":
                    raise Rejection(given)
        return record.keep()


def expected(records: list[OwnedRecord], script: list[Deed]) -> Run:
    """What should come of it, worked out record by record."""
    result = Run()
    for input, (came, deeds) in enumerate(zip(records, script, strict=True)):
        outputs: list[OwnedRecord] = []
        pending = vars(came).copy()
        for deed, given in deeds:
            match deed:
                case "key" | "value" | "timestamp" | "topic" | "partition":
                    pending[deed] = given
                case "headers":
                    pending["headers"] = tuple(given)
                case "add":
                    pending["headers"] += (given,)
                case "emit":
                    outputs.append(OwnedRecord(**pending))
                    pending = vars(came).copy()
                case "keep":
                    outputs.append(OwnedRecord(**pending))
                case "drop":
                    outputs = []
                    result.dropped.append(Dropped(input, given))
                case "finish":
                    if not outputs:
                        result.dropped.append(Dropped(input))
                case "reject" | "raise":
                    outputs = []
                    result.rejected.append(Rejected(input, given))
        result.records += outputs
        result.sources += [input] * len(outputs)
    return result


@pytest.mark.parametrize("seed", range(60))
def test_what_comes_of_records_is_what_the_handler_says(seed: int) -> None:
    chance = random.Random(seed)
    records = [random_record(chance) for _ in range(chance.randrange(40))]
    Scripted.seen = records
    Scripted.script = [random_deeds(chance) for _ in records]
    assert run(Scripted, records) == expected(records, Scripted.script)
