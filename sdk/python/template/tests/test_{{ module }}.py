from anabranch_plugin.testing import Dropped, record, run, tombstone
from {{ module }} import LeaveOut


def test_records_with_the_prefix_are_left_out() -> None:
    result = run(LeaveOut, [record("test-7", "{}"), record("8", "{}"), record(None, "no key"), tombstone("9")])
    assert result.records == [record("8", "{}"), record(None, "no key"), tombstone("9")]
    assert result.dropped == [Dropped(0, "left out")]


def test_the_prefix_is_a_parameter() -> None:
    result = run(LeaveOut, [record("test-7", "{}"), record("demo-8", "{}")], prefix="demo-")
    assert result.records == [record("test-7", "{}")]
