// New values of one column for some output records, each of which can be taken back.

import { BytesBuilder, Dictionary, NumbersBuilder } from "./bytes_builder.js";

/** A patch under construction: for each of `rows` one entry of `column`. */
export class Patch {
  constructor(column) {
    this.rows = new NumbersBuilder(Uint32Array);
    this.column = column;
  }

  /** Makes room for an entry for output record `row`, the last so far; what was set for it before goes. */
  begin(row) {
    if (this.has(row)) {
      this.forgetFrom(row);
    }
    this.rows.push(row);
    return this.column;
  }

  /** Whether something is set for output record `row`, the last so far. */
  has(row) {
    return this.rows.length > 0 && this.rows.array[this.rows.length - 1] === row;
  }

  /** Takes back what is set for `row` and later. */
  forgetFrom(row) {
    const { rows } = this;
    let entries = rows.length;
    while (entries > 0 && rows.array[entries - 1] >= row) {
      entries -= 1;
    }
    rows.truncate(entries);
    this.column.truncate(entries);
  }
}

/** Topics by index. */
export class TopicsBuilder {
  constructor() {
    this.indices = new NumbersBuilder(Uint32Array);
    this.dictionary = new Dictionary();
  }

  push(topic) {
    this.indices.push(this.dictionary.index(topic));
  }

  truncate(entries) {
    this.indices.truncate(entries);
  }

  finish() {
    return { indices: this.indices.finish(), dictionary: this.dictionary.names };
  }
}

/** Lists of headers. */
export class HeadersBuilder {
  constructor() {
    this.starts = new NumbersBuilder(Uint32Array);
    this.names = new NumbersBuilder(Uint32Array);
    this.dictionary = new Dictionary();
    this.values = new BytesBuilder();
  }

  /** Begins a list. */
  begin() {
    this.starts.push(this.names.length);
  }

  /** Adds to the last list. */
  add(name, value) {
    this.values.push(value);
    this.names.push(this.dictionary.index(name));
  }

  truncate(entries) {
    if (entries < this.starts.length) {
      const start = this.starts.array[entries];
      this.starts.truncate(entries);
      this.names.truncate(start);
      this.values.truncate(start);
    }
  }

  finish() {
    const dictionary = new BytesBuilder();
    for (const name of this.dictionary.names) {
      dictionary.push(name);
    }
    this.starts.push(this.names.length);
    return {
      rows: this.starts.finish(),
      names: this.names.finish(),
      dictionary: dictionary.finish(),
      values: this.values.finish(),
    };
  }
}
