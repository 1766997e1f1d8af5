// What a record shows of what came, and what is null.

import assert from "node:assert/strict";
import { test } from "node:test";

import { count, log, plugin } from "../src/index.js";
import { context, record, run, tombstone } from "../src/testing/index.js";

/** What `look` sees of each record. */
function seen(look, records, reads = ["key", "value", "headers", "timestamp", "topic", "partition"]) {
  const all = new Map();
  run(plugin({ reads, record: (given) => (all.set(given.offset(), look(given)), given.keep()) }), {}, records);
  return [...all.entries()].sort(([one], [other]) => one - other).map(([, value]) => value);
}

test("null is not empty", () => {
  const records = [record("", null), record(null, ""), record("k", "v").header("h", null).header("h", "")];
  assert.deepEqual(seen((given) => [given.keyText(), given.valueText()], records), [["", null], [null, ""], ["k", "v"]]);
  assert.deepEqual(seen((given) => [given.key()?.length, given.value()?.length], records), [
    [0, undefined],
    [undefined, 0],
    [1, 1],
  ]);
  assert.deepEqual(seen((given) => given.headers().map((header) => header.text), records)[2], [null, ""]);
  assert.deepEqual(seen((given) => given.valueJson(), [tombstone("k"), record("k", "[1]")]), [null, [1]]);
});

test("headers keep their order and duplicates, and the last of a name counts", () => {
  const given = record("k", "v").header("a", "1").header("b", "2").header("a", "3");
  assert.deepEqual(seen((each) => each.headers().map(({ name, text }) => name + text), [given])[0], ["a1", "b2", "a3"]);
  assert.deepEqual(seen((each) => [each.header("a")?.text, each.header("c")], [given])[0], ["3", null]);
  const without = plugin({
    reads: ["headers"],
    changes: ["headers"],
    record(each) {
      each.setHeaders(each.headers().filter((header) => header.name !== "a"));
      return each.keep();
    },
  });
  assert.deepEqual(run(without, {}, [given]).records, [record("k", "v").header("b", "2")]);
});

test("a key begins with a prefix in text and in bytes, whatever is next to it", () => {
  const keys = ["test-1", "test", null, "-x", "größe", "grö", "", Uint8Array.of(0xff, 1), "test-"];
  const records = keys.map((key) => record(key, null));
  const begins = (prefix, among = records) => seen((given) => given.keyStartsWith(prefix), among, ["key"]);
  assert.deepEqual(begins("test-"), [true, false, false, false, false, false, false, false, true]);
  assert.deepEqual(begins("größ"), [false, false, false, false, true, false, false, false, false]);
  assert.deepEqual(begins(Uint8Array.of(0xff)), [false, false, false, false, false, false, false, true, false]);
  assert.deepEqual(begins(""), [true, true, false, true, true, true, true, true, true]);
  for (const [prefix, what] of [[5, "of type number"], [null, "null"], [undefined, "of type undefined"], [["t"], "of type object"]]) {
    assert.throws(() => begins(prefix), { message: new RegExp(`what a value begins with is text or a Uint8Array, not ${what}$`) });
  }
  const ascii = ["test-1", "test", null, "-x", "", "test-"].map((key) => record(key, null));
  assert.deepEqual(begins("test-", ascii), [true, false, false, false, false, true]);
  assert.deepEqual(begins("", ascii), [true, true, false, true, true, true]);
  assert.deepEqual(begins(new TextEncoder().encode("te"), ascii), [true, true, false, false, false, true]);
});

test("among many keys those that begin with a prefix are found, be they few or most, wherever else it stands", () => {
  let state = 5;
  const next = (bound) => ((state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8) % bound;
  const pieces = ["test-", "tes", "t", "1", "größe", ""];
  for (const share of [2, 8, 40]) {
    const keys = Array.from({ length: 500 }, () => {
      const key = Array.from({ length: next(4) }, () => pieces[1 + next(5)]).join("");
      return next(9) === 0 ? null : next(share) === 0 ? `test-${key}` : next(12) === 0 ? `${key}test-` : key;
    });
    const records = keys.map((key) => record(key, null));
    for (const prefix of ["test-", "t", "größe", "1test-", "none", ""]) {
      const due = keys.map((key) => key !== null && key.startsWith(prefix));
      assert.deepEqual(seen((given) => given.keyStartsWith(prefix), records, ["key"]), due, `${prefix}, one of ${share}`);
      // Asked about two things in turn.
      const both = seen((given) => [given.keyStartsWith(prefix), given.keyStartsWith("tes")], records, ["key"]);
      assert.deepEqual(both.map(([first]) => first), due);
    }
  }
});

test("timestamps, and where a record is", () => {
  const records = [record("k", "v").at(0), record("k", "v")];
  assert.deepEqual(seen((given) => given.timestamp(), records), [0, null]);
  assert.deepEqual(seen((given) => given.timestamp(), [record("k", "v").at(-1)]), [null]);
  assert.deepEqual(seen((given) => [given.topic(), given.partition(), given.offset()], records)[1], ["orders", 0, 1]);
  assert.deepEqual(seen((given) => [given.routedTopic(), given.routedPartition()], records)[1], [null, null]);
  const routed = [record("k", "v").toTopic("other").toPartition(4), record("k", "v")];
  assert.deepEqual(seen((given) => [given.routedTopic(), given.routedPartition()], routed), [["other", 4], [null, null]]);
});

test("what is no text, no JSON or no exact number rejects the record", () => {
  const reject = (look) => run(plugin({ reads: ["key", "value"], record: (given) => (look(given), given.keep()) }), {}, [
    record("k", Uint8Array.of(0xff)),
    record("k", "ü"),
    record("k", "{"),
  ]).rejected.map(({ input, reason }) => `${input}: ${reason.split(":")[0]}`);
  assert.deepEqual(reject((given) => given.valueText()), ["0: the value is not text"]);
  assert.deepEqual(reject((given) => given.valueJson()), [
    "0: the value is not text",
    "1: the value is not JSON",
    "2: the value is not JSON",
  ]);
});

test("what is logged and counted is heard", () => {
  const saying = plugin({
    record(given) {
      count("records");
      count("twos", 2);
      log("warn", `record ${given.offset()}`);
      return given.keep();
    },
  });
  const came = run(saying, {}, [record("a", "1"), record("b", "2")]);
  assert.deepEqual(came.counters, { records: 2, twos: 4 });
  assert.deepEqual(came.log, [
    { level: "warn", message: "record 0" },
    { level: "warn", message: "record 1" },
  ]);
  assert.throws(() => log("loud", "x"), /no level/);
  assert.throws(() => count("x", -1), /whole numbers/);
});

test("the context is what the test says", () => {
  const where = plugin({ configure: (_, { sourceTopic, seed }) => `${sourceTopic} ${seed}`, record: (given, state) => given.drop(state) });
  assert.deepEqual(run(where, {}, [record("k", "v")], context({ sourceTopic: "payments" })).dropped, [
    { input: 0, reason: "payments 7" },
  ]);
});
