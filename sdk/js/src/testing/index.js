// Runs a plugin in the test runner, for its unit tests: no WebAssembly, no broker, no backup.
//
// It also holds the plugin to what it promises: the answer must be the same however the records are cut into
// batches, a plugin that resumes must go on as if it had never stopped, and an answer must be one that the host takes.

import { AssertionError } from "node:assert";
import { inspect, isDeepStrictEqual } from "node:util";

import { ConfigurationError } from "../rejection.js";
import { PLUGIN } from "../plugin.js";
import { batchOf } from "./input.js";
import { apply, Fault } from "./output.js";
import { record, tombstone } from "./record.js";

export { ConfigurationError, record, tombstone };

/** Records of a batch that the runs after the first have. */
const SIZES = [1, 2, 3, 7];

/** Records at which a plugin is resumed. */
const RESUMED = 16;

export function context(changed = {}) {
  return {
    job: "test",
    sourceTopic: "orders",
    sourcePartition: 0,
    targetTopic: "orders",
    started: 1_700_000_000_000,
    seed: 7n,
    ...changed,
  };
}

export function configure(plugin, parameters = {}, within = context()) {
  const inner = innerOf(plugin);
  return inner.configure(within, inner.fillIn(parameters));
}

export function run(plugin, parameters, records, within = context()) {
  const inner = innerOf(plugin);
  const given = [...records];
  const pass = (first, size) => passOf(plugin, inner, parameters, given, first, size, within);
  const whole = pass(0, given.length);
  for (const size of SIZES) {
    // How often something is logged may well depend on the batch.
    const cut = { ...pass(0, size), log: whole.log };
    if (!isDeepStrictEqual(cut, whole)) {
      fail(`the answer depends on how records are cut into batches: ${show(whole)} whole, but ${show(cut)} by ${size}`, run);
    }
  }
  const { state } = inner.description;
  if (state.tag !== "lane") {
    const replayed = state.tag === "window" ? state.val : 0;
    for (let resumed = 1; resumed < given.length; resumed += Math.ceil(given.length / RESUMED)) {
      compareRest(whole, pass(Math.max(0, resumed - replayed), given.length), resumed, given.length);
    }
  }
  return whole;
}

/** Holds what a plugin made from record `resumed` on against what it makes when it begins shortly before. */
function compareRest(whole, rest, resumed, count) {
  for (let input = resumed; input < count; input += 1) {
    const [expected, came] = [outcome(whole, input), outcome(rest, input)];
    if (!isDeepStrictEqual(came, expected)) {
      fail(
        `the plugin depends on more than its \`state\`: record ${input} became ${show(expected)}, but ${show(came)} when ` +
          `it resumed at record ${resumed}`,
        run,
      );
    }
  }
}

/** What became of one of the given records. */
function outcome(of, input) {
  return {
    records: of.records.filter((_, at) => of.sources[at] === input),
    dropped: of.dropped.find((dropped) => dropped.input === input),
    rejected: of.rejected.find((rejected) => rejected.input === input),
  };
}

/** What one instance makes of the records from `first` on, in batches of `size`. */
function passOf(plugin, inner, parameters, records, first, size, within) {
  const { reads, changes } = inner.description;
  const came = { records: [], sources: [], dropped: [], rejected: [], log: [], counters: {} };
  inner.listen({
    log: (level, message) => came.log.push({ level, message }),
    count: (name, by) => {
      // Whatever it is called, `__proto__` too.
      const value = (Object.hasOwn(came.counters, name) ? came.counters[name] : 0) + by;
      Object.defineProperty(came.counters, name, { value, configurable: true, enumerable: true, writable: true });
    },
  });
  try {
    const state = configure(plugin, parameters, within);
    for (let at = first; at < records.length; at += Math.max(1, size)) {
      const chunk = records.slice(at, at + Math.max(1, size));
      const answer = inner.process(batchOf(chunk, at, reads, within), state);
      try {
        apply(answer, chunk, at, changes, came);
      } catch (error) {
        if (error instanceof Fault) {
          fail(`the host would not take this answer, which ${error.message}: ${show(answer)}`, run);
        }
        throw error;
      }
    }
  } finally {
    inner.listen(null);
  }
  return came;
}

function innerOf(plugin) {
  const inner = plugin?.[PLUGIN];
  if (inner === undefined) {
    throw new TypeError("this is no plugin: give what `plugin({ … })` returned, the default export of the plugin's file");
  }
  return inner;
}

function show(value) {
  return inspect(value, { depth: 6, breakLength: 120 });
}

function fail(message, below) {
  throw new AssertionError({ message, stackStartFn: below });
}
