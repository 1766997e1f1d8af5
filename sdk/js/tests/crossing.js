// What crosses is bytes, wherever they lie, and null where nothing is given.

import assert from "node:assert/strict";
import { test } from "node:test";

import { given, taken } from "../src/crossing.js";

const bytes = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** The same bytes at a place where no number begins. */
function shifted(array) {
  const moved = new Uint8Array(array.byteLength + 1);
  moved.set(bytes(array), 1);
  return moved.subarray(1);
}

test("numbers are taken as they are, wherever they lie", () => {
  for (const place of [bytes, shifted]) {
    const batch = taken({
      topic: "orders",
      partition: null,
      count: 2,
      offsets: { tag: "listed", val: place(BigInt64Array.of(7n, 2n ** 62n)) },
      timestamps: place(BigInt64Array.of(-1n, 2n ** 60n + 1n)),
      keys: { offsets: place(Uint32Array.of(0, 1, 3)), data: Uint8Array.of(97, 98, 98), validity: null },
      values: null,
      headers: null,
      topics: { indices: place(Uint32Array.of(0, 0)), dictionary: ["elsewhere"] },
      partitions: place(Int32Array.of(-1, 5)),
    });
    assert.deepEqual(batch.offsets, { tag: "listed", val: BigInt64Array.of(7n, 2n ** 62n) });
    assert.deepEqual(batch.timestamps, BigInt64Array.of(-1n, 2n ** 60n + 1n));
    assert.deepEqual(batch.keys, { offsets: Uint32Array.of(0, 1, 3), data: Uint8Array.of(97, 98, 98), validity: undefined });
    assert.deepEqual(batch.partitions, Int32Array.of(-1, 5));
    assert.deepEqual([batch.values, batch.headers, batch.partition], [undefined, undefined, undefined]);
  }
  const consecutive = { topic: "orders", partition: 1, count: 1, offsets: { tag: "consecutive", val: 41 } };
  assert.deepEqual(taken(consecutive).offsets, { tag: "consecutive", val: 41n });
});

test("an answer crosses in bytes", () => {
  const crossed = given({
    selection: Uint32Array.of(9, 1, 2).subarray(1),
    timestamps: { rows: Uint32Array.of(0), values: BigInt64Array.of(-1n) },
    rejected: [],
  });
  assert.deepEqual(crossed.selection, Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0));
  assert.deepEqual(crossed.timestamps, { rows: new Uint8Array(4), values: new Uint8Array(8).fill(255) });
  assert.deepEqual([crossed.keys, crossed.drops, crossed.partitions, crossed.rejected], [null, null, null, []]);
});
