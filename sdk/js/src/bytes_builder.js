// Columns that grow at their end, and whose last entries can be taken back.

import { encodeInto } from "./text.js";

/** Refuses what is no text, no bytes and not null; `what` is what it is to be. */
export function checkBytes(value, what) {
  if (typeof value !== "string" && value !== null && !(value instanceof Uint8Array)) {
    throw new TypeError(`${what} is text, a Uint8Array or null, not ${value === undefined ? "undefined" : `of type ${typeof value}`}`);
  }
}

/** `array` with room for at least `length` entries. */
export function withRoom(array, length) {
  if (length <= array.length) {
    return array;
  }
  const grown = new array.constructor(Math.max(length, array.length * 2, 64));
  grown.set(array);
  return grown;
}

/** A column of numbers. */
export class NumbersBuilder {
  constructor(type, room = 64) {
    this.array = new type(room);
    this.length = 0;
  }

  push(number) {
    if (this.length === this.array.length) {
      this.array = withRoom(this.array, this.length + 1);
    }
    this.array[this.length] = number;
    this.length += 1;
  }

  truncate(entries) {
    this.length = entries;
  }

  finish() {
    return this.array.subarray(0, this.length);
  }
}

/** A column of byte strings: an entry ends where the next begins. */
export class BytesBuilder {
  constructor() {
    this.starts = new NumbersBuilder(Uint32Array);
    this.data = new Uint8Array(1024);
    this.end = 0;
    /** The entries that are null, in order. */
    this.nulls = [];
  }

  get length() {
    return this.starts.length;
  }

  /** Appends text, bytes or null. */
  push(value) {
    this.starts.push(this.end);
    if (value === null) {
      this.nulls.push(this.starts.length - 1);
    } else if (typeof value === "string") {
      // A letter takes at most three bytes.
      this.data = withRoom(this.data, this.end + value.length * 3);
      this.end = encodeInto(value, this.data, this.end);
    } else {
      this.data = withRoom(this.data, this.end + value.length);
      this.data.set(value, this.end);
      this.end += value.length;
    }
  }

  truncate(entries) {
    if (entries < this.starts.length) {
      this.end = this.starts.array[entries];
      this.starts.truncate(entries);
      while (this.nulls.length > 0 && this.nulls[this.nulls.length - 1] >= entries) {
        this.nulls.pop();
      }
    }
  }

  finish() {
    const entries = this.starts.length;
    let validity;
    if (this.nulls.length > 0) {
      validity = new Uint8Array((entries + 7) >> 3).fill(0xff);
      for (const entry of this.nulls) {
        validity[entry >> 3] &= ~(1 << (entry & 7));
      }
    }
    this.starts.push(this.end);
    return { offsets: this.starts.finish(), data: this.data.subarray(0, this.end), validity };
  }
}

/** Distinct names in order of first use. */
export class Dictionary {
  constructor() {
    this.names = [];
    this.indices = new Map();
  }

  index(name) {
    let index = this.indices.get(name);
    if (index === undefined) {
      index = this.names.length;
      this.names.push(name);
      this.indices.set(name, index);
    }
    return index;
  }
}
