// What a plugin answers to a whole batch, made fit to cross. A list of the wrong type would cross as other numbers
// than it holds, so that each is looked at here; whether they make sense is the host's to check.

import { unchangeable } from "./column_set.js";

const PATCHES = {
  keys: "key",
  values: "value",
  headers: "headers",
  timestamps: "timestamp",
  topics: "topic",
  partitions: "partition",
};

/** The answer with every list of its type, and what is left out left out. */
export function checkAnswer(answer, changes) {
  if (typeof answer !== "object" || answer === null) {
    throw new TypeError("`batch` returns an answer; {} passes every record as it is");
  }
  const known = ["selection", ...Object.keys(PATCHES), "drops", "rejected"];
  const unknown = Object.keys(answer).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(`an answer has no \`${unknown}\`; it can have ${known.join(", ")}`);
  }
  for (const [name, column] of Object.entries(PATCHES)) {
    if (given(answer[name]) && !changes[column]) {
      unchangeable(column);
    }
  }
  const { selection, keys, values, headers, timestamps, topics, partitions, drops, rejected } = answer;
  const patch = (of, name, made) => (given(of) ? { rows: u32(of.rows, `${name}.rows`), ...made(of) } : undefined);
  return {
    selection: given(selection) ? u32(selection, "selection") : undefined,
    keys: patch(keys, "keys", (of) => ({ values: bytes(of.values, "keys.values") })),
    values: patch(values, "values", (of) => ({ values: bytes(of.values, "values.values") })),
    headers: patch(headers, "headers", (of) => ({ headers: headersColumn(of.headers) })),
    timestamps: patch(timestamps, "timestamps", (of) => ({
      values: list(of.values, BigInt64Array, "timestamps.values", isLong),
    })),
    topics: patch(topics, "topics", (of) => ({
      topics: {
        indices: u32(of.topics?.indices, "topics.topics.indices"),
        dictionary: texts(of.topics?.dictionary, "topics.topics.dictionary"),
      },
    })),
    partitions: patch(partitions, "partitions", (of) => ({
      values: list(of.values, Int32Array, "partitions.values", isInt),
    })),
    drops: given(drops)
      ? {
          rows: u32(drops.rows, "drops.rows"),
          reasons: u32(drops.reasons, "drops.reasons"),
          dictionary: texts(drops.dictionary, "drops.dictionary"),
        }
      : undefined,
    rejected: [...(rejected ?? [])].map(({ row, reason }) => ({ row: u32([row], "rejected.row")[0], reason: String(reason) })),
  };
}

const given = (value) => value !== undefined && value !== null;
const isLong = (value) => typeof value === "bigint" && BigInt.asIntN(64, value) === value;
const isInt = (value) => Number.isInteger(value) && value === (value | 0);
const isUnsigned = (value) => Number.isInteger(value) && value === value >>> 0;
const isByte = (value) => Number.isInteger(value) && value === (value & 0xff);

function list(values, type, name, fits) {
  if (values instanceof type) {
    return values;
  }
  if (!Array.isArray(values) || !values.every(fits)) {
    throw new TypeError(`\`${name}\` of the answer is no ${type.name} and no array that would fit into one`);
  }
  return type.from(values);
}

const u32 = (values, name) => list(values, Uint32Array, name, isUnsigned);

function texts(values, name) {
  if (!Array.isArray(values) || !values.every((value) => typeof value === "string")) {
    throw new TypeError(`\`${name}\` of the answer is no array of texts`);
  }
  return values;
}

function bytes(column, name) {
  return {
    offsets: u32(column?.offsets, `${name}.offsets`),
    data: list(column.data, Uint8Array, `${name}.data`, isByte),
    validity: given(column.validity) ? list(column.validity, Uint8Array, `${name}.validity`, isByte) : undefined,
  };
}

function headersColumn(column) {
  return {
    rows: u32(column?.rows, "headers.headers.rows"),
    names: u32(column.names, "headers.headers.names"),
    dictionary: bytes(column.dictionary, "headers.headers.dictionary"),
    values: bytes(column.values, "headers.headers.values"),
  };
}
