// Bytes as text, strictly: what is no UTF-8 is no text, and never becomes other text than it was.

import { Rejection } from "./rejection.js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** `bytes` as text, or a rejection that says that `what` is none. */
export function decode(bytes, what) {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Rejection(`${what} is not text: it is no valid UTF-8`);
  }
}

/** ASCII as text, in which offsets of bytes are offsets of letters; null for other bytes. */
export function decodeAscii(bytes) {
  try {
    const text = decoder.decode(bytes);
    // Of valid UTF-8 all other characters have fewer letters than bytes.
    return text.length === bytes.length ? text : null;
  } catch {
    return null;
  }
}

export function encode(text) {
  return encoder.encode(text);
}

/** Writes `text` into `bytes` from `at` on, where it has room for three bytes a letter. Returns where it ends. */
export function encodeInto(text, bytes, at) {
  return at + encoder.encodeInto(text, bytes.subarray(at)).written;
}
