// A record as a plugin sees it: a view of one row, and the pen for what becomes of it.
//
// There is one for a whole batch, which the loop moves from row to row: an object for each record would cost as much
// as a filter's own work. What it shows are methods, and what they look at lies on it: the engine that plugins run in
// interprets, and takes longer for a property that is computed, or for one more object on the way.

import { Answer } from "./answer.js";
import { unread } from "./column_set.js";
import { row, SETTLED } from "./each_row.js";
import { Rejection } from "./rejection.js";

/** Of numbers that JavaScript cannot hold exactly none is made up. */
function exact(number, what) {
  const value = Number(number);
  if (!Number.isSafeInteger(value)) {
    throw new Rejection(`${what} ${number} is more than a JavaScript number holds`);
  }
  return value;
}

const NOTHING = Symbol("nothing");

/** What all keys of the batch were asked to begin with. A variable for the reason that `row` is one. */
let soughtPrefix = NOTHING;

/** For each row 1 where its key does. */
let beginning = null;

export class Record extends Answer {
  constructor(batch, reads, changes) {
    super(batch.count, changes);
    this._batch = batch;
    this._keys = reads.key ? batch.keys : null;
    this._values = reads.value ? batch.values : null;
    /** Whether all keys were looked at. */
    this._sought = false;
    soughtPrefix = NOTHING;
  }

  key() {
    return this._keys === null ? unread("key") : this._keys.get(row);
  }

  keyText() {
    return this._keys === null ? unread("key") : this._keys.text(row);
  }

  keyStartsWith(prefix) {
    if (prefix === soughtPrefix) {
      return beginning[row] === 1;
    }
    return this._sought ? this._keys.startsWith(row, prefix) : this._lookFor(prefix);
  }

  /** The same, asked for the first time: mostly the next records are asked that too, so all keys are looked at at once. */
  _lookFor(prefix) {
    if (this._keys === null) {
      unread("key");
    }
    beginning = this._keys.allThatStartWith(prefix);
    soughtPrefix = prefix;
    this._sought = true;
    return beginning[row] === 1;
  }

  value() {
    return this._values === null ? unread("value") : this._values.get(row);
  }

  valueText() {
    return this._values === null ? unread("value") : this._values.text(row);
  }

  valueJson() {
    const text = this.valueText();
    if (text === null) {
      return null;
    }
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Rejection(`the value is not JSON: ${error.message}`);
    }
  }

  headers() {
    return this._batch.headers.get(row);
  }

  header(name) {
    return this._batch.headers.last(row, name);
  }

  timestamp() {
    const timestamp = exact(this._batch.timestamps[row], "the timestamp");
    return timestamp === -1 ? null : timestamp;
  }

  offset() {
    return exact(this._batch.offset(row), "the offset");
  }

  topic() {
    return this._batch.topic;
  }

  partition() {
    return this._batch.partition;
  }

  routedTopic() {
    const topics = this._batch.topics;
    return topics === null ? null : topics.dictionary[topics.indices[row]] || null;
  }

  routedPartition() {
    const partitions = this._batch.partitions;
    return partitions === null || partitions[row] < 0 ? null : partitions[row];
  }

  addHeader(name, value) {
    if (!this._hasHeaders()) {
      this.setHeaders(this.headers());
    }
    this._addHeader({ name, value });
  }

  reject(reason) {
    if (typeof reason !== "string") {
      throw new TypeError(`the reason of \`reject\` is text, not ${reason === null ? "null" : `of type ${typeof reason}`}`);
    }
    this._reject(reason);
    return SETTLED;
  }
}

/** Returns the record, as which the loop knows it. This one is built in, and so called at half the cost. */
Record.prototype.keep = Object.prototype.valueOf;
