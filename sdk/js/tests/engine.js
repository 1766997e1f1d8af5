// What the engine lacks is made as other engines have it: texts and bytes that are drawn, against Node's own.

import assert from "node:assert/strict";
import { test } from "node:test";

// As QuickJS has them.
Uint8Array.prototype.toBase64 ??= function () {
  return Buffer.from(this.buffer, this.byteOffset, this.byteLength).toString("base64");
};
Uint8Array.fromBase64 ??= (text) => new Uint8Array(Buffer.from(text, "base64"));
const { Decoder, Encoder } = await import("../src/engine.js");

/** Numbers below `bound`, the same in every run. */
function drawn(seed) {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** Bytes that are often nearly UTF-8. */
const PIECES = ["a", "plain text of some length, ", "ü", "€", "😀", "\ufeff", "\0"].map((text) => [...Buffer.from(text)]);
PIECES.push([0x80], [0xc0, 0xaf], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xe2, 0x82]);

test("bytes become the texts that Node makes of them, at whatever place they lie", () => {
  const next = drawn(7);
  for (let trial = 0; trial < 5000; trial += 1) {
    const bytes = Array.from({ length: next(8) }, () => PIECES[next(trial % 2 === 0 ? 7 : PIECES.length)]).flat();
    const from = next(5);
    const given = new Uint8Array([...Array(from).fill(0xff), ...bytes]).subarray(from);
    for (const options of [{}, { fatal: true }, { fatal: true, ignoreBOM: true }]) {
      const made = (decoder) => {
        try {
          return decoder.decode(given);
        } catch (error) {
          assert.ok(error instanceof TypeError);
          return null;
        }
      };
      assert.equal(made(new Decoder("utf-8", options)), made(new TextDecoder("utf-8", options)), `${JSON.stringify(options)} [${bytes}]`);
    }
  }
});

test("texts become the bytes that Node makes of them, as far as there is room", () => {
  const next = drawn(11);
  const letters = ["a", "ü", "€", "😀", "\ud800", "\udc00", "%", '"', "\0"];
  for (let trial = 0; trial < 5000; trial += 1) {
    const text = Array.from({ length: next(9) }, () => letters[next(letters.length)]).join("");
    assert.deepEqual(new Encoder().encode(text), new TextEncoder().encode(text), JSON.stringify(text));
    const [ours, nodes] = [new Uint8Array(next(12)), new Uint8Array(12)];
    const room = nodes.subarray(0, ours.length);
    assert.deepEqual(new Encoder().encodeInto(text, ours), new TextEncoder().encodeInto(text, room), JSON.stringify(text));
    assert.deepEqual(ours, new Uint8Array(room));
  }
});
