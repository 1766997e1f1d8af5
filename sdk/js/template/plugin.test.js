import assert from "node:assert/strict";
import { test } from "node:test";

import { record, run, tombstone } from "#anabranch-plugin/testing";

import plugin from "./plugin.js";

test("records whose key begins with the prefix are left out", () => {
  const came = run(plugin, { prefix: "demo-" }, [record("demo-1", "a"), record("2", "b"), tombstone("3"), record(null, "c")]);
  assert.deepEqual(came.records, [record("2", "b"), tombstone("3"), record(null, "c")]);
  assert.deepEqual(came.dropped, [{ input: 0, reason: "begins with the prefix" }]);
});

test("the prefix is `test-` unless the job says otherwise", () => {
  assert.deepEqual(run(plugin, {}, [record("test-1", "a"), record("demo-1", "b")]).records, [record("demo-1", "b")]);
});
