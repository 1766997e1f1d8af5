// What an answer makes of records, with the checks that the host makes.

import { copyOf, shown } from "./record.js";

/** What the host would call the plugin's fault. */
export class Fault extends Error {}

/** Adds to `run` what `answer` makes of `records`, the first of which is the run's record `first`. */
export function apply(answer, records, first, changes, run) {
  const count = records.length;
  const selection = Array.from(answer.selection ?? records.keys());
  selection.forEach((row, at) => {
    if (row >= count) {
      throw new Fault(`selects row ${row} of ${count}`);
    }
    if (at > 0 && selection[at - 1] > row) {
      throw new Fault("has a selection that decreases");
    }
  });
  const outputs = selection.map((row) => copyOf(records[row]));
  patchAll(answer, changes, outputs);
  run.records.push(...outputs);
  run.sources.push(...selection.map((row) => first + row));

  const leftOut = new Map();
  const selected = new Set(selection);
  for (let row = 0; row < count; row += 1) {
    if (!selected.has(row)) {
      leftOut.set(row, null);
    }
  }
  increasing(answer.rejected.map(({ row }) => row), count, "`rejected`");
  for (const { row, reason } of answer.rejected) {
    if (!leftOut.delete(row)) {
      throw new Fault(`rejects row ${row} and selects it as well`);
    }
    run.rejected.push({ input: first + row, reason });
  }
  const { rows, reasons, dictionary } = answer.drops ?? { rows: [], reasons: [], dictionary: [] };
  increasing(rows, count, "`drops`");
  lengths(rows, reasons, "`drops`");
  rows.forEach((row, at) => {
    if (!leftOut.has(row)) {
      throw new Fault(`drops row ${row} and does something else with it`);
    }
    if (reasons[at] >= dictionary.length) {
      throw new Fault(`has the reason ${reasons[at]} of a dictionary of ${dictionary.length}`);
    }
    leftOut.set(row, dictionary[reasons[at]]);
  });
  for (const [row, reason] of leftOut) {
    run.dropped.push({ input: first + row, reason });
  }
}

function patchAll(answer, changes, outputs) {
  const each = (patch, column, field, entries, value) => {
    if (patch === undefined) {
      return;
    }
    if (!changes[column]) {
      throw new Fault(`changes the ${column}, which \`changes\` does not name`);
    }
    const { rows } = patch;
    increasing(rows, outputs.length, `the patch of the ${column}`);
    if (rows.length !== entries(patch)) {
      throw new Fault(`has ${entries(patch)} entries for ${rows.length} rows in the patch of the ${column}`);
    }
    rows.forEach((row, at) => {
      outputs[row][field] = value(patch, at);
    });
  };
  const entriesOf = ({ offsets }) => offsets.length - 1;
  each(answer.keys, "key", "key", (patch) => entriesOf(checked(patch.values)), (patch, at) => valueAt(patch.values, at));
  each(answer.values, "value", "value", (patch) => entriesOf(checked(patch.values)), (patch, at) => valueAt(patch.values, at));
  each(
    answer.headers,
    "headers",
    "headers",
    ({ headers }) => {
      checkHeaders(headers);
      return headers.rows.length - 1;
    },
    ({ headers }, at) => headersAt(headers, at),
  );
  each(
    answer.timestamps,
    "timestamp",
    "timestamp",
    (patch) => patch.values.length,
    (patch, at) => (patch.values[at] === -1n ? null : Number(patch.values[at])),
  );
  each(
    answer.topics,
    "topic",
    "topic",
    (patch) => patch.topics.indices.length,
    ({ topics }, at) => legalTopic(topics.dictionary[topics.indices[at]]),
  );
  each(
    answer.partitions,
    "partition",
    "partition",
    (patch) => patch.values.length,
    (patch, at) => {
      if (patch.values[at] < 0) {
        throw new Fault(`chooses the partition ${patch.values[at]}`);
      }
      return patch.values[at];
    },
  );
}

function increasing(rows, count, what) {
  rows.forEach((row, at) => {
    if (row >= count || (at > 0 && rows[at - 1] >= row)) {
      throw new Fault(`has rows of ${what} that are out of order or beyond ${count}`);
    }
  });
}

function lengths(one, other, what) {
  if (one.length !== other.length) {
    throw new Fault(`has ${other.length} entries for ${one.length} rows of ${what}`);
  }
}

/** A column of bytes whose layout is that of the interface. */
function checked(column) {
  const { offsets, data, validity } = column;
  const decreases = offsets.some((offset, at) => at > 0 && offset < offsets[at - 1]);
  if (offsets[0] !== 0 || decreases || offsets[offsets.length - 1] !== data.length) {
    throw new Fault("has offsets that do not begin with 0, decrease, or do not end with the data");
  }
  if (validity !== undefined && validity.length !== (offsets.length - 1 + 7) >> 3) {
    throw new Fault("has a validity of another length than its values");
  }
  return column;
}

function checkHeaders({ rows, names, dictionary, values }) {
  checked(dictionary);
  checked(values);
  const decreases = rows.some((row, at) => at > 0 && row < rows[at - 1]);
  const isWhole = rows[rows.length - 1] === names.length && values.offsets.length - 1 === names.length;
  if (rows[0] !== 0 || decreases || !isWhole) {
    throw new Fault("has headers whose rows, names and values do not fit together");
  }
  if (names.some((name) => name >= dictionary.offsets.length - 1)) {
    throw new Fault("has a header whose name is beyond the dictionary");
  }
}

function valueAt({ offsets, data, validity }, entry) {
  if (validity !== undefined && ((validity[entry >> 3] >> (entry & 7)) & 1) === 0) {
    return null;
  }
  return shown(data.subarray(offsets[entry], offsets[entry + 1]));
}

function headersAt({ rows, names, dictionary, values }, entry) {
  const headers = [];
  for (let at = rows[entry]; at < rows[entry + 1]; at += 1) {
    headers.push({ name: valueAt(dictionary, names[at]), value: valueAt(values, at) });
  }
  return headers;
}

function legalTopic(topic) {
  if (topic === undefined) {
    throw new Fault("has a topic beyond its dictionary");
  }
  // Kafka's rule, as in its class `Topic`.
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(topic) || topic === "." || topic === "..") {
    throw new Fault(`sends a record to \`${topic}\`, which is no legal name of a topic`);
  }
  return topic;
}
