// A record as a plugin sees it: a view of one row, and the pen for what becomes of it.
//
// There is one for a whole batch, which the loop moves from row to row: an object for each record would cost as much
// as a filter's own work. What it shows are methods, and what they look at lies on it: the engine that plugins run in
// interprets, and takes longer for a property that is computed, or for one more object on the way.

import { Answer, SETTLED } from "./answer.js";
import { unread } from "./column_set.js";
import { Rejection } from "./rejection.js";

/** Of numbers that JavaScript cannot hold exactly none is made up. */
function exact(number, what) {
  const value = Number(number);
  if (!Number.isSafeInteger(value)) {
    throw new Rejection(`${what} ${number} is more than a JavaScript number holds`);
  }
  return value;
}

export class Record extends Answer {
  constructor(batch, reads, changes) {
    super(batch.count, changes);
    this._batch = batch;
    this._keys = reads.key ? batch.keys : null;
    this._values = reads.value ? batch.values : null;
    // See `keyStartsWith`.
    this._prefix = undefined;
    this._starting = null;
  }

  key() {
    return this._keys === null ? unread("key") : this._keys.get(this._row);
  }

  keyText() {
    return this._keys === null ? unread("key") : this._keys.text(this._row);
  }

  keyStartsWith(prefix) {
    // The same for all records, nearly always.
    if (prefix !== this._prefix) {
      this._lookFor(prefix);
    }
    return this._starting !== null ? this._starting[this._row] === 1 : this._keys.startsWith(this._row, prefix);
  }

  /** Looks at all keys at once, where that is what the next records are asked as well. */
  _lookFor(prefix) {
    if (this._keys === null) {
      unread("key");
    }
    // Of one that asks about several things at each record the second time shows it.
    this._starting = this._prefix === undefined ? this._keys.allThatStartWith(prefix) : null;
    this._prefix = prefix;
  }

  value() {
    return this._values === null ? unread("value") : this._values.get(this._row);
  }

  valueText() {
    return this._values === null ? unread("value") : this._values.text(this._row);
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
    return this._batch.headers.get(this._row);
  }

  header(name) {
    return this._batch.headers.last(this._row, name);
  }

  timestamp() {
    const timestamp = exact(this._batch.timestamps[this._row], "the timestamp");
    return timestamp === -1 ? null : timestamp;
  }

  offset() {
    return exact(this._batch.offset(this._row), "the offset");
  }

  topic() {
    return this._batch.topic;
  }

  partition() {
    return this._batch.partition;
  }

  routedTopic() {
    const topics = this._batch.topics;
    return topics === null ? null : topics.dictionary[topics.indices[this._row]] || null;
  }

  routedPartition() {
    const partitions = this._batch.partitions;
    return partitions === null || partitions[this._row] < 0 ? null : partitions[this._row];
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
