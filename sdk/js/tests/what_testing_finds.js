// `run` fails for plugins that break their promises, and definitions that make no sense are refused; both say what.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ConfigurationError, plugin } from "../src/index.js";
import { configure, record, run } from "../src/testing/index.js";

const TEN = Array.from({ length: 10 }, (_, n) => record("k", String(n)));

/** The message that running a plugin over ten records fails with. */
function failure(definition, parameters = {}) {
  try {
    run(plugin(definition), parameters, TEN);
  } catch (error) {
    return error.message;
  }
  return "it did not fail";
}

const keep = (given) => given.keep();

test("an answer that depends on batches", () => {
  const last = { batch: (batch) => ({ selection: Array.from({ length: batch.count - 1 }, (_, row) => row) }) };
  assert.match(failure(last), /^the answer depends on how records are cut into batches/);
});

/** Drops every second record by counting. */
const everySecond = (state) => ({
  state,
  configure: () => ({ seen: 0 }),
  record(given, self) {
    self.seen += 1;
    return self.seen % 2 === 0 ? given.drop("even") : given.keep();
  },
});

test("state that is not declared", () => {
  assert.match(failure(everySecond("none")), /^the plugin depends on more than its `state`: record 1 became/);
  assert.match(failure(everySecond({ window: 3 })), /^the plugin depends on more than its `state`/);
  assert.equal(failure(everySecond("lane")), "it did not fail");
});

test("a window as far back as it is declared", () => {
  const sameAsBefore = (window) => ({
    reads: ["value"],
    state: { window },
    configure: () => ({ before: [] }),
    record(given, self) {
      self.before.push(Number(given.valueText()));
      self.before.splice(0, self.before.length - 3);
      return self.before.length === 3 ? given.drop(String(self.before[0])) : given.keep();
    },
  });
  assert.equal(failure(sameAsBefore(2)), "it did not fail");
  assert.match(failure(sameAsBefore(1)), /more than its `state`/);
});

test("columns that are not declared", () => {
  const looking = (look) => ({ record: (given) => (look(given), given.keep()) });
  assert.equal(
    failure(looking((given) => given.key())),
    'the plugin looks at the key without declaring it: add "key" to `reads`',
  );
  for (const [look, column] of [
    [(given) => given.keyText(), "key"],
    [(given) => given.keyStartsWith("a"), "key"],
    [(given) => given.value(), "value"],
    [(given) => given.valueJson(), "value"],
    [(given) => given.headers(), "headers"],
    [(given) => given.header("a"), "headers"],
    [(given) => given.timestamp(), "timestamp"],
    [(given) => given.routedTopic(), "topic"],
    [(given) => given.routedPartition(), "partition"],
  ]) {
    assert.match(failure(looking(look)), new RegExp(`add "${column}" to \`reads\``));
  }
  assert.equal(
    failure({ reads: ["key"], ...looking((given) => given.setKey(null)) }),
    'the plugin changes the key without declaring it: add "key" to `changes`',
  );
  assert.match(failure({ batch: (batch) => ({ selection: batch.keys.offsets }) }), /add "key" to `reads`/);
  const patch = { rows: [0], values: { offsets: [0, 0], data: [] } };
  assert.match(failure({ batch: () => ({ keys: patch }) }), /add "key" to `changes`/);
});

test("an answer that the host would not take", () => {
  assert.match(failure({ batch: ({ count }) => ({ selection: [count] }) }), /would not take .*selects row 10 of 10/);
  assert.match(failure({ batch: () => ({ selection: [1, 0] }) }), /selection that decreases/);
  assert.match(failure({ batch: () => ({ rejected: [{ row: 0, reason: "x" }] }) }), /selects it as well/);
  const values = (column) => ({ changes: ["value"], batch: () => ({ values: { rows: [0], values: column } }) });
  assert.match(failure(values({ offsets: [0, 2], data: [1] })), /do not end with the data/);
  assert.match(failure(values({ offsets: [0], data: [] })), /entries for 1 rows/);
  assert.match(failure({ changes: ["topic"], record: (given) => (given.setTopic("a b"), given.keep()) }), /no legal name/);
});

test("an answer of the wrong types", () => {
  assert.match(failure({ batch: () => undefined }), /returns an answer/);
  assert.match(failure({ batch: () => ({ selected: [] }) }), /has no `selected`/);
  assert.match(failure({ batch: () => ({ selection: Uint16Array.of(0) }) }), /`selection` of the answer is no Uint32Array/);
  assert.match(failure({ batch: () => ({ selection: [-1] }) }), /`selection` of the answer/);
});

test("a handler that does not say what becomes of a record", () => {
  assert.match(failure({ record: () => undefined }), /does not say what becomes of the record/);
  assert.match(failure({ record: (given) => void given.drop("x") }), /does not say/);
  assert.match(failure({ record: (given) => (given.drop("x"), given.keep()) }), /was said already/);
  assert.match(failure({ record: (given) => (given.reject("x"), given.drop("y")) }), /was said already/);
  assert.match(failure({ record: async (given) => given.keep() }), /`record` returned a promise/);
});

test("values of the wrong type", () => {
  const setting = (set) => failure({ changes: ["key", "value", "headers", "timestamp", "topic", "partition"], record: (given) => (set(given), given.keep()) });
  assert.match(setting((given) => given.setValue({})), /a value is text, a Uint8Array or null/);
  assert.match(setting((given) => given.setKey(undefined)), /a key is text, a Uint8Array or null, not undefined/);
  assert.match(setting((given) => given.setHeaders([{ name: 1, value: "" }])), /the name of a header/);
  assert.match(setting((given) => given.setHeaders({ trace: "1" })), /headers are a list of names and values/);
  assert.match(setting((given) => given.setHeaders("")), /headers are a list of names and values/);
  assert.match(setting((given) => given.setTimestamp(1.5)), /a timestamp is a whole number/);
  assert.match(setting((given) => given.setTimestamp(5n)), /a timestamp is a whole number .*, not of type bigint/);
  assert.match(setting((given) => given.setTopic(null)), /a topic is text/);
  assert.match(setting((given) => given.setPartition(-1)), /a partition is a whole number/);
  assert.match(failure({ record: (given) => given.drop(7) }), /the reason of `drop` is text/);
  assert.match(failure({ record: (given) => given.reject() }), /the reason of `reject` is text/);
  // It would change nothing.
  assert.match(setting((given) => (given.value = "x")), /Cannot .* property/);
});

test("definitions that make no sense", () => {
  const wrong = (definition) => {
    try {
      plugin(definition);
    } catch (error) {
      return error.message;
    }
    return "it is fine";
  };
  assert.match(wrong({}), /one of `record` and `batch`/);
  assert.match(wrong({ record: keep, batch: keep }), /one of `record` and `batch`/);
  assert.match(wrong({ record: keep, read: ["key"] }), /has no `read`; it can have name, version/);
  assert.match(wrong({ record: keep, reads: ["keys"] }), /`reads` names "keys", but the columns are key, value/);
  assert.match(wrong({ record: keep, reads: "key" }), /`reads` is a list/);
  assert.match(wrong({ record: keep, state: "window" }), /`state` is "none", "lane" or \{ window: n \}/);
  assert.match(wrong({ record: keep, parameters: { a: {} } }), /the parameter `a` needs a `type`/);
  assert.match(wrong({ record: keep, parameters: { a: { type: "text", default: 1 } } }), /its default is not/);
  assert.match(wrong({ record: keep, parameters: { a: { type: "text", default: "", required: true } } }), /required and has a default/);
  assert.match(wrong({ record: keep, parameters: { a: { type: "text", helps: "" } } }), /`helps`; it can have/);
  assert.throws(() => run({}, {}, []), /this is no plugin/);
});

test("parameters that the host or the plugin does not take", () => {
  const thinned = plugin({
    parameters: {
      every: { type: "integer", required: true },
      label: { type: "text", default: "l" },
      names: { type: "texts" },
      rules: { type: "any" },
    },
    configure(parameters) {
      if (parameters.every < 1) {
        throw new ConfigurationError("must be 1 or more", "every");
      }
      return parameters;
    },
    record: keep,
  });
  const refused = (parameters) => {
    try {
      configure(thinned, parameters);
    } catch (error) {
      assert.ok(error instanceof ConfigurationError);
      return `${error.parameter}: ${error.message}`;
    }
    return "none";
  };
  assert.equal(refused({}), "every: is required and not given");
  assert.equal(refused({ every: 1, often: 2 }), "often: the plugin takes no parameter `often`");
  assert.equal(refused({ every: "1" }), "every: must be of type integer");
  assert.equal(refused({ every: 1, names: "a" }), "names: must be of type texts");
  assert.equal(refused({ every: 0 }), "every: must be 1 or more");
  assert.match(refused({ every: 2 ** 53 }), /^every: must lie between/);
  assert.deepEqual(configure(thinned, { every: 2, rules: [{ a: null }] }), { every: 2, label: "l", rules: [{ a: null }] });
});
