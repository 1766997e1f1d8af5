// Whatever a plugin does with its records, the answer is one that the host takes and means just that, however the
// records were cut into batches: `run` checks both against records as a plain model has them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { plugin, Rejection } from "../src/index.js";
import { record, run } from "../src/testing/index.js";

/** Numbers that are the same in every run (Marsaglia's xorshift). */
function random(seed) {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function pick(next, ...given) {
  return given[next(given.length)];
}

function bytes(next) {
  return pick(next, null, "", "a", "größe", "a\u0000b", Uint8Array.of(0xff, 0xc3), "long ".repeat(50));
}

function headers(next) {
  return Array.from({ length: next(3) }, () => ({ name: pick(next, "", "a", "b", "ü"), value: bytes(next) }));
}

const STEPS = [
  (next) => ["setKey", bytes(next)],
  (next) => ["setValue", bytes(next)],
  (next) => ["setHeaders", headers(next)],
  (next) => ["addHeader", pick(next, "a", "c"), bytes(next)],
  (next) => ["setTimestamp", pick(next, null, 0, 1_700_000_000_000)],
  (next) => ["setTopic", pick(next, "t", "u", "v")],
  (next) => ["setPartition", next(3)],
  () => ["emit"],
  () => ["emit"],
];

function script(next) {
  const steps = Array.from({ length: next(5) }, () => pick(next, ...STEPS)(next));
  return { steps, end: pick(next, "keep", "keep", "keep", "drop", "drop without a reason", "finish", "reject", "throw") };
}

const columns = ["key", "value", "headers", "timestamp", "topic", "partition"];

/** Does for record `n` what its script says. */
const scripted = (scripts) =>
  plugin({
    reads: columns,
    changes: columns,
    record(given) {
      const { steps, end } = scripts[given.offset()];
      for (const [name, ...values] of steps) {
        given[name](...values);
      }
      switch (end) {
        case "keep":
          return given.keep();
        case "drop":
          return given.drop("dropped");
        case "drop without a reason":
          return given.drop();
        case "finish":
          return given.finish();
        case "reject":
          return given.reject("rejected");
        default:
          throw new Rejection("rejected");
      }
    },
  });

/** What the script makes of a record, by the words of the documentation. */
function expected(source, { steps, end }) {
  const out = [];
  let now = source;
  for (const [name, ...values] of steps) {
    if (name === "setKey") {
      now = Object.assign(copy(now), { key: record(values[0], null).key });
    } else if (name === "setValue") {
      now = Object.assign(copy(now), { value: record(values[0], null).key });
    } else if (name === "setHeaders") {
      now = values[0].reduce((all, header) => all.header(header.name, header.value), Object.assign(copy(now), { headers: [] }));
    } else if (name === "addHeader") {
      now = now.header(...values);
    } else if (name === "setTimestamp") {
      now = now.at(values[0]);
    } else if (name === "setTopic") {
      now = now.toTopic(values[0]);
    } else if (name === "setPartition") {
      now = now.toPartition(values[0]);
    } else {
      out.push(now);
      now = source;
    }
  }
  if (end === "keep") {
    out.push(now);
  }
  return end === "keep" || end === "finish" ? out : [];
}

const copy = (given) => given.at(given.timestamp);

test("answers mean what handlers did", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const next = random(seed * 7919);
    const count = 1 + next(40);
    const sources = Array.from({ length: count }, () =>
      headers(next)
        .reduce((all, header) => all.header(header.name, header.value), record(bytes(next), bytes(next)))
        .at(pick(next, null, 5)),
    );
    const scripts = sources.map(() => script(next));
    const came = run(scripted(scripts), {}, sources);
    const outputs = sources.map((source, at) => expected(source, scripts[at]));
    assert.deepEqual(came.records, outputs.flat(), `seed ${seed}`);
    assert.deepEqual(came.sources, outputs.flatMap((each, at) => each.map(() => at)), `seed ${seed}`);
    const isRejected = ({ end }) => end === "reject" || end === "throw";
    const left = scripts.map((each, input) => ({ ...each, input }));
    assert.deepEqual(
      came.rejected,
      left.filter(isRejected).map(({ input }) => ({ input, reason: "rejected" })),
      `seed ${seed}`,
    );
    assert.deepEqual(
      came.dropped,
      left
        .filter((each) => !isRejected(each) && outputs[each.input].length === 0)
        .map(({ input, end }) => ({ input, reason: end === "drop" ? "dropped" : null })),
      `seed ${seed}`,
    );
  }
});

test("dense and sparse drops over a long batch select what is left", () => {
  for (const every of [2, 3, 50, 997]) {
    const dropping = plugin({ record: (given) => (given.offset() % every === 0 ? given.drop("r") : given.keep()) });
    const came = run(dropping, {}, Array.from({ length: 3000 }, (_, n) => record(null, String(n))));
    const kept = Array.from({ length: 3000 }, (_, n) => n).filter((n) => n % every !== 0);
    assert.deepEqual(came.sources, kept);
  }
});
