// What an author writes: a plugin, and what it says of each record.

import { checkAnswer } from "./batch_answer.js";
import { columnSet } from "./column_set.js";
import { Batch } from "./columns.js";
import { exportGuest } from "./component.js";
import { eachRow, synchronous } from "./each_row.js";
import { listen } from "./host.js";
import { describeParameters, fillIn, readParameters } from "./parameters.js";
import { Record } from "./record.js";

const KEYS = [
  "name",
  "version",
  "summary",
  "reads",
  "changes",
  "state",
  "parameters",
  "configure",
  "record",
  "batch",
];

/** Under which a plugin holds what the build and the tests need: theirs may be another copy of this package. */
export const PLUGIN = Symbol.for("anabranch:plugin@0.1");

export function plugin(definition) {
  if (typeof definition !== "object" || definition === null) {
    throw new TypeError("`plugin` takes an object, as in plugin({ reads: [\"key\"], record(record) { … } })");
  }
  const unknown = Object.keys(definition).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(`a plugin has no \`${unknown}\`; it can have ${KEYS.join(", ")}`);
  }
  const { parameters, configure, record, batch } = definition;
  for (const [name, handler] of Object.entries({ configure, record, batch })) {
    if (handler !== undefined && typeof handler !== "function") {
      throw new TypeError(`\`${name}\` is a function`);
    }
  }
  if ((record === undefined) === (batch === undefined)) {
    throw new TypeError("a plugin has one of `record` and `batch`: what becomes of a record, or of a whole batch");
  }
  const reads = columnSet(definition.reads, "reads");
  const changes = columnSet(definition.changes, "changes");
  const description = {
    name: definition.name,
    version: definition.version,
    summary: definition.summary,
    reads,
    changes,
    state: describeState(definition.state),
    parameters: describeParameters(parameters),
  };
  const self = {
    description,
    listen,
    configure(context, json) {
      const values = readParameters(parameters, json);
      return configure === undefined ? values : synchronous(configure(values, context), "configure");
    },
    fillIn: (given) => fillIn(parameters, given),
    process:
      record === undefined
        ? (given, state) => checkAnswer(synchronous(batch(new Batch(given, reads), state), "batch"), changes)
        : (given, state) => eachRecord(record, new Batch(given, reads), state, reads, changes),
    guest: (packaged, host) => exportGuest(self, packaged, host),
  };
  return Object.freeze({ ...definition, [PLUGIN]: self });
}

/** The answer for a batch whose records are handed over one by one. */
function eachRecord(handler, batch, state, reads, changes) {
  // What is not there cannot be assigned to either: `record.value = …` would change nothing, and so is an error.
  const record = Object.preventExtensions(new Record(batch, reads, changes));
  eachRow(record, batch.count, handler, state);
  return record._answer();
}

function describeState(state = "none") {
  if (state === "none" || state === "lane") {
    return { tag: state };
  }
  const records = state?.window;
  if (!Number.isInteger(records) || records < 0 || records > 0xffff_ffff) {
    throw new TypeError('`state` is "none", "lane" or { window: n }, where n is how many records before it remembers');
  }
  return { tag: "window", val: records };
}
