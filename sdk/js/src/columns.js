// The columns of a batch as a plugin reads them.

import { unread } from "./column_set.js";
import { decode, decodeAscii, encode } from "./text.js";

/** What no value is asked to begin with. */
const NOTHING = Symbol("nothing");

/** A column of byte strings, any of which may be null. */
export class BytesColumn {
  /** Layout as in the interface; `what` is what a rejection calls a value. */
  constructor({ offsets, data, validity }, what) {
    this.offsets = offsets;
    this.data = data;
    this.validity = validity ?? null;
    this.what = what;
    /** The whole column as text, where it is ASCII, otherwise null; undefined until somebody asks. */
    this.ascii = undefined;
    /** What values were last asked to begin with, its bytes and how many they are: to ask them takes a call. */
    this.prefix = NOTHING;
    this.prefixBytes = null;
    this.prefixSize = 0;
  }

  /** How many values there are, nulls included. */
  get length() {
    return this.offsets.length - 1;
  }

  isNull(row) {
    return this.validity !== null && ((this.validity[row >> 3] >> (row & 7)) & 1) === 0;
  }

  /** The bytes of a value, null where it is null. */
  get(row) {
    if (this.validity !== null && this.isNull(row)) {
      return null;
    }
    const start = this.offsets[row];
    const { data } = this;
    // What `subarray` does as well, which is written in JavaScript in the engine that plugins run in.
    return new Uint8Array(data.buffer, data.byteOffset + start, this.offsets[row + 1] - start);
  }

  /** A value as text, null where it is null. */
  text(row) {
    if (this.ascii === undefined) {
      this.ascii = decodeAscii(this.data);
    }
    if (this.ascii !== null) {
      return this.validity !== null && this.isNull(row) ? null : this.ascii.substring(this.offsets[row], this.offsets[row + 1]);
    }
    const bytes = this.get(row);
    return bytes === null ? null : decode(bytes, this.what);
  }

  /** Whether a value is not null and begins with these bytes, or with the UTF-8 of this text. */
  startsWith(row, prefix) {
    // The same for all of them, nearly always.
    if (prefix !== this.prefix) {
      this.lookFor(prefix);
    }
    const { data, offsets, validity, prefixBytes, prefixSize } = this;
    const at = offsets[row];
    return (
      (data[at] === prefixBytes[0] || prefixSize === 0) &&
      at + prefixSize <= offsets[row + 1] &&
      stands(prefixBytes, prefixSize, data, at) &&
      (validity === null || !this.isNull(row))
    );
  }

  /**
   * For each row 1 where its value begins with `prefix`, otherwise 0. Where few begin with its first byte, that is looked for
   * natively, from one place to the next, which costs a fraction of a look at each value.
   */
  allThatStartWith(prefix) {
    this.lookFor(prefix);
    const { data, offsets, validity, prefixBytes, prefixSize } = this;
    const rows = this.length;
    const all = new Uint8Array(rows);
    const first = prefixBytes[0];
    let row = 0;
    let at = 0;
    let tries = prefixSize === 0 ? 0 : rows >> 2;
    while (tries > 0) {
      at = data.indexOf(first, at);
      if (at === -1) {
        return all;
      }
      const begins = offsets.indexOf(at, row);
      if (begins === -1) {
        // Within a value. To see that took a look at all rows that are left, so that a few of them can be afforded.
        tries -= Math.max(rows >> 6, 1);
        at += 1;
      } else {
        row = begins;
        // Of several that begin at one place all but the last are empty.
        while (offsets[row + 1] === at) {
          row += 1;
        }
        const end = offsets[row + 1];
        if (at + prefixSize <= end && stands(prefixBytes, prefixSize, data, at) && (validity === null || !this.isNull(row))) {
          all[row] = 1;
        }
        tries -= 1;
        row += 1;
        at = end;
      }
    }
    // Where it stands too often, value by value.
    for (; row < rows; row += 1) {
      at = offsets[row];
      if (
        (data[at] === first || prefixSize === 0) &&
        at + prefixSize <= offsets[row + 1] &&
        stands(prefixBytes, prefixSize, data, at) &&
        (validity === null || !this.isNull(row))
      ) {
        all[row] = 1;
      }
    }
    return all;
  }

  /** Takes note of what values are asked to begin with. */
  lookFor(prefix) {
    const bytes = typeof prefix === "string" ? encode(prefix) : prefix;
    if (!(bytes instanceof Uint8Array)) {
      throw new TypeError(`what a value begins with is text or a Uint8Array, not ${prefix === null ? "null" : `of type ${typeof prefix}`}`);
    }
    this.prefix = prefix;
    this.prefixBytes = bytes;
    this.prefixSize = bytes.length;
  }
}

/** Whether `bytes`, so many of them, stand in `data` at a place. */
function stands(bytes, size, data, at) {
  let same = 0;
  while (same < size && data[at + same] === bytes[same]) {
    same += 1;
  }
  return same === size;
}

/** A header as it came. */
export class Header {
  #values;
  #entry;

  constructor(name, values, entry) {
    this.name = name;
    this.#values = values;
    this.#entry = entry;
  }

  /** The bytes of the value, null where it is null. */
  get value() {
    return this.#values.get(this.#entry);
  }

  /** The value as text, null where it is null. */
  get text() {
    return this.#values.text(this.#entry);
  }
}

/** The headers of all rows. */
export class HeadersColumn {
  constructor({ rows, names, dictionary, values }) {
    this.rows = rows;
    this.names = names;
    const { offsets, data } = dictionary;
    this.dictionary = Array.from({ length: offsets.length - 1 }, (_, name) =>
      decode(data.subarray(offsets[name], offsets[name + 1]), "a header name"),
    );
    this.values = new BytesColumn(values, "a header's value");
  }

  /** The headers of a row, in order. */
  get(row) {
    const headers = [];
    for (let entry = this.rows[row]; entry < this.rows[row + 1]; entry += 1) {
      headers.push(new Header(this.dictionary[this.names[entry]], this.values, entry));
    }
    return headers;
  }

  /** The last header of a row that has this name. */
  last(row, name) {
    for (let entry = this.rows[row + 1] - 1; entry >= this.rows[row]; entry -= 1) {
      if (this.dictionary[this.names[entry]] === name) {
        return new Header(name, this.values, entry);
      }
    }
    return null;
  }
}

/** A batch with the columns that its plugin declares; those that it does not declare say so. */
export class Batch {
  #reads;
  #columns;
  #offsets;

  constructor(batch, reads) {
    this.topic = batch.topic;
    this.partition = batch.partition ?? null;
    this.count = batch.count;
    this.#offsets = batch.offsets;
    this.#reads = reads;
    this.#columns = {
      key: column(batch, reads, "key", "keys", (keys) => new BytesColumn(keys, "the key")),
      value: column(batch, reads, "value", "values", (values) => new BytesColumn(values, "the value")),
      headers: column(batch, reads, "headers", "headers", (headers) => new HeadersColumn(headers)),
      timestamp: column(batch, reads, "timestamp", "timestamps", (timestamps) => timestamps),
      topic: batch.topics ?? null,
      partition: batch.partitions ?? null,
    };
  }

  /** A list of them is made where somebody asks for it. */
  get offsets() {
    const { tag, val } = this.#offsets;
    if (tag === "listed") {
      return val;
    }
    const listed = BigInt64Array.from({ length: this.count }, (_, row) => val + BigInt(row));
    this.#offsets = { tag: "listed", val: listed };
    return listed;
  }

  /** The offset of one row. */
  offset(row) {
    const { tag, val } = this.#offsets;
    return tag === "listed" ? val[row] : val + BigInt(row);
  }

  get keys() {
    return this.#columns.key ?? unread("key");
  }

  get values() {
    return this.#columns.value ?? unread("value");
  }

  get headers() {
    return this.#columns.headers ?? unread("headers");
  }

  get timestamps() {
    return this.#columns.timestamp ?? unread("timestamp");
  }

  /** Null where no earlier plugin chose a topic. */
  get topics() {
    return this.#reads.topic ? this.#columns.topic : unread("topic");
  }

  /** Null where no earlier plugin chose a partition. */
  get partitions() {
    return this.#reads.partition ? this.#columns.partition : unread("partition");
  }
}

function column(batch, reads, flag, name, made) {
  if (!reads[flag]) {
    return null;
  }
  if (batch[name] === undefined || batch[name] === null) {
    throw new Error(`the host passed no ${name}, which the plugin declares to read`);
  }
  return made(batch[name]);
}
