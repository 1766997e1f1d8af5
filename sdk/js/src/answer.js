// Builds the answer for a batch while its records are looked at one by one.
//
// Only what differs from passing everything is ever written: a row that is kept once leaves no trace, and a patch
// holds nothing but what was set. The order that the interface asks for (selections that never decrease, patches
// that strictly increase) follows from the order in which this is filled.

import { BytesBuilder, checkBytes, Dictionary, NumbersBuilder } from "./bytes_builder.js";
import { unchangeable } from "./column_set.js";
import { row, SETTLED } from "./each_row.js";
import { HeadersBuilder, Patch, TopicsBuilder } from "./patch.js";

/** 0, 1, 2, …: what a selection is cut from. */
let rowsInOrder = new Uint32Array(0);

const NO_ROWS = new Uint32Array(0);

/** In place of the index of a reason. */
const NO_REASON = 0xffff_ffff;

const COLUMN = {
  key: () => new BytesBuilder(),
  value: () => new BytesBuilder(),
  headers: () => new HeadersBuilder(),
  timestamp: () => new NumbersBuilder(BigInt64Array),
  topic: () => new TopicsBuilder(),
  partition: () => new NumbersBuilder(Int32Array),
};

function checkHeader({ name, value }) {
  if (typeof name !== "string") {
    throw new TypeError(`the name of a header is text, not of type ${typeof name}`);
  }
  checkBytes(value, `the value of the header \`${name}\``);
  return { name, value };
}

/** The answer for a batch, under construction. What has no underscore is what a handler says. */
export class Answer {
  constructor(count, changes) {
    this._rows = count;
    this._changes = changes;
    /** The last row of which more was said than that it is kept. */
    this._said = -1;
    /** Whether it is settled what becomes of that row. */
    this._settled = false;
    /** Output records of the row under way so far. */
    this._emitted = 0;
    /** What is to be added to the row under way for the number of output records before it. */
    this._shift = 0;
    // Rows that do not come out once, in order, how often they do, and the index of the reason, or that there is none.
    this._exceptionRows = NO_ROWS;
    this._exceptionTimes = NO_ROWS;
    this._exceptionReasons = NO_ROWS;
    this._exceptions = 0;
    /** How many of them have no reason. */
    this._withoutReason = 0;
    /** By column; null as long as nothing is changed. */
    this._patches = null;
    this._reasons = null;
    /** The reason of the last drop. */
    this._reason = undefined;
    this._reasonIndex = NO_REASON;
    this._rejected = [];
  }

  /** Output records so far; the next one has this index. */
  _outputs() {
    return row + this._shift + (this._said === row ? this._emitted : 0);
  }

  /** Notes that something is said of the row under way. */
  _say() {
    if (this._said !== row) {
      this._said = row;
      this._settled = false;
      this._emitted = 0;
    } else if (this._settled) {
      throw new Error(
        "it was said already what becomes of this record: `keep`, `drop`, `finish` and `reject` are the last thing " +
          "that a handler does, as in `return record.keep()`",
      );
    }
  }

  /** One output record from the row under way, with what was set since the last. */
  emit() {
    this._say();
    this._emitted += 1;
  }

  /** The row under way, of which something was said, is kept as it now stands. */
  _keepSaid() {
    this._say();
    this._settle(this._emitted + 1, NO_REASON);
  }

  /** The row under way comes out so many times; never, perhaps, for a reason. */
  _settle(times, reason) {
    this._settled = true;
    this._emitted = 0;
    if (times !== 1) {
      this._shift += times - 1;
      const at = this._exceptions;
      if (at === 0) {
        this._makeRoom();
      }
      this._exceptionRows[at] = row;
      this._exceptionTimes[at] = times;
      this._exceptionReasons[at] = reason;
      this._withoutReason += reason === NO_REASON ? 1 : 0;
      this._exceptions = at + 1;
    }
  }

  /** Room for what becomes of every row: growing step by step would cost more. */
  _makeRoom() {
    this._exceptionRows = new Uint32Array(this._rows);
    this._exceptionTimes = new Uint32Array(this._rows);
    this._exceptionReasons = new Uint32Array(this._rows);
  }

  /** Nothing more comes of the row under way than what was emitted; forgets what was set beyond that. */
  finish() {
    this._say();
    this._forgetFrom(this._outputs());
    this._settle(this._emitted, NO_REASON);
    return SETTLED;
  }

  /** Nothing comes of the row under way, perhaps for a reason. */
  drop(reason) {
    const at = this._exceptions;
    if (at === 0 || this._said === row || reason !== this._reason || this._patches !== null || reason === undefined) {
      this._dropSlowly(reason);
      return SETTLED;
    }
    // Most drops: nothing else is said of the record, and the one before was dropped for the same reason.
    this._said = row;
    this._settled = true;
    this._shift -= 1;
    this._exceptionRows[at] = row;
    this._exceptionReasons[at] = this._reasonIndex;
    this._exceptions = at + 1;
    return SETTLED;
  }

  _dropSlowly(reason) {
    this._say();
    if (reason !== this._reason) {
      this._reason = reason;
      this._reasonIndex = reason === undefined ? NO_REASON : this._indexOfReason(reason);
    }
    this._forgetFrom(row + this._shift);
    this._settle(0, this._reasonIndex);
  }

  _indexOfReason(reason) {
    if (typeof reason !== "string") {
      throw new TypeError(`the reason of \`drop\` is text, not ${reason === null ? "null" : typeof reason}`);
    }
    this._reasons ??= new Dictionary();
    return this._reasons.index(reason);
  }

  /** Rejects the row under way, whatever was said of it. */
  _reject(reason) {
    this._say();
    this._forgetFrom(row + this._shift);
    this._settle(0, NO_REASON);
    this._rejected.push({ row, reason });
  }

  _forgetFrom(output) {
    if (this._patches !== null) {
      for (const patch of Object.values(this._patches)) {
        patch.forgetFrom(output);
      }
    }
  }

  /** The patch of a column, and a look whether it may be changed. */
  _patch(column) {
    if (!this._changes[column]) {
      unchangeable(column);
    }
    if (this._said === row && this._settled) {
      this._say();
    }
    this._patches ??= {};
    return (this._patches[column] ??= new Patch(COLUMN[column]()));
  }

  setKey(key) {
    checkBytes(key, "a key");
    this._patch("key").begin(this._outputs()).push(key);
  }

  setValue(value) {
    checkBytes(value, "a value");
    this._patch("value").begin(this._outputs()).push(value);
  }

  setHeaders(headers) {
    if (typeof headers === "string" || typeof headers?.[Symbol.iterator] !== "function") {
      throw new TypeError("headers are a list of names and values, as in [{ name: \"trace\", value: \"1\" }]");
    }
    const all = Array.from(headers, checkHeader);
    const column = this._patch("headers").begin(this._outputs());
    column.begin();
    for (const { name, value } of all) {
      column.add(name, value);
    }
  }

  /** Whether the next output record has headers of its own. */
  _hasHeaders() {
    return this._patch("headers").has(this._outputs());
  }

  /** Adds to the headers that were set last. */
  _addHeader(header) {
    const { name, value } = checkHeader(header);
    this._patches.headers.column.add(name, value);
  }

  setTimestamp(timestamp) {
    if (timestamp !== null && !Number.isSafeInteger(timestamp)) {
      throw new TypeError(
        `a timestamp is a whole number of milliseconds since the epoch or null, not ${typeof timestamp === "number" ? timestamp : `of type ${typeof timestamp}`}`,
      );
    }
    this._patch("timestamp").begin(this._outputs()).push(BigInt(timestamp ?? -1));
  }

  setTopic(topic) {
    if (typeof topic !== "string") {
      throw new TypeError(`a topic is text, not ${typeof topic}`);
    }
    this._patch("topic").begin(this._outputs()).push(topic);
  }

  setPartition(partition) {
    if (!Number.isInteger(partition) || partition < 0 || partition > 0x7fff_ffff) {
      throw new TypeError(`a partition is a whole number from 0 to 2147483647, not ${partition}`);
    }
    this._patch("partition").begin(this._outputs()).push(partition);
  }

  /** The answer, as it crosses. */
  _answer() {
    const patched = (column, name) => {
      const patch = this._patches?.[column];
      return patch === undefined || patch.rows.length === 0
        ? undefined
        : { rows: patch.rows.finish(), [name]: patch.column.finish() };
    };
    return {
      selection: this._selection(),
      keys: patched("key", "values"),
      values: patched("value", "values"),
      headers: patched("headers", "headers"),
      timestamps: patched("timestamp", "values"),
      topics: patched("topic", "topics"),
      partitions: patched("partition", "values"),
      drops: this._drops(),
      rejected: this._rejected,
    };
  }

  /** Rows that were left out for a reason. */
  _drops() {
    if (this._reasons === null) {
      return undefined;
    }
    const count = this._exceptions;
    if (this._withoutReason === 0) {
      return {
        rows: this._exceptionRows.subarray(0, count),
        reasons: this._exceptionReasons.subarray(0, count),
        dictionary: this._reasons.names,
      };
    }
    const [rows, reasons] = [new NumbersBuilder(Uint32Array, count), new NumbersBuilder(Uint32Array, count)];
    for (let at = 0; at < count; at += 1) {
      const reason = this._exceptionReasons[at];
      if (reason !== NO_REASON) {
        rows.push(this._exceptionRows[at]);
        reasons.push(reason);
      }
    }
    return { rows: rows.finish(), reasons: reasons.finish(), dictionary: this._reasons.names };
  }

  /** The input row of each output record, unless every row comes out once. */
  _selection() {
    const exceptions = this._exceptions;
    if (exceptions === 0) {
      return undefined;
    }
    const rows = this._exceptionRows;
    const count = this._rows;
    if (rowsInOrder.length < count) {
      rowsInOrder = Uint32Array.from({ length: count }, (_, row) => row);
    }
    const selection = new Uint32Array(Math.max(count, count + this._shift));
    selection.set(count < rowsInOrder.length ? rowsInOrder.subarray(0, count) : rowsInOrder);
    if (this._shift === -exceptions) {
      // Each of them is left out: what stands behind moves to the front, a call for each gap.
      let gap = rows[0];
      for (let exception = 1; exception <= exceptions; exception += 1) {
        const next = exception < exceptions ? rows[exception] : count;
        selection.copyWithin(gap - exception + 1, gap + 1, next);
        gap = next;
      }
      return selection.subarray(0, count - exceptions);
    }
    let [next, at] = [0, 0];
    for (let exception = 0; exception <= exceptions; exception += 1) {
      const row = exception < exceptions ? rows[exception] : count;
      for (; next < row; next += 1) {
        selection[at] = next;
        at += 1;
      }
      const times = exception < exceptions ? this._exceptionTimes[exception] : 0;
      if (times > 0) {
        selection.fill(row, at, at + times);
        at += times;
      }
      next = row + 1;
    }
    return selection.subarray(0, at);
  }
}
