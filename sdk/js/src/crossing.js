// Batches and answers as they cross: columns of numbers are bytes, little-endian, and what is not given is null.
//
// The rest of this package has typed arrays, and undefined for what is not given.

/** `bytes` as numbers of `type`, without a copy where they lie right. */
function numbers(type, bytes) {
  const aligned = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new type(aligned.buffer, aligned.byteOffset, aligned.byteLength / type.BYTES_PER_ELEMENT);
}

/** What `made` makes of what is there. */
function there(value, made) {
  return value === null || value === undefined ? undefined : made(value);
}

function bytesIn({ offsets, data, validity }) {
  return { offsets: numbers(Uint32Array, offsets), data, validity: validity ?? undefined };
}

/** A batch as the host hands it over, in typed arrays. */
export function taken(batch) {
  const { offsets } = batch;
  return {
    topic: batch.topic,
    partition: batch.partition ?? undefined,
    count: batch.count,
    offsets:
      offsets.tag === "listed"
        ? { tag: "listed", val: numbers(BigInt64Array, offsets.val) }
        : { tag: "consecutive", val: BigInt(offsets.val) },
    timestamps: there(batch.timestamps, (timestamps) => numbers(BigInt64Array, timestamps)),
    keys: there(batch.keys, bytesIn),
    values: there(batch.values, bytesIn),
    headers: there(batch.headers, ({ rows, names, dictionary, values }) => ({
      rows: numbers(Uint32Array, rows),
      names: numbers(Uint32Array, names),
      dictionary: bytesIn(dictionary),
      values: bytesIn(values),
    })),
    topics: there(batch.topics, ({ indices, dictionary }) => ({ indices: numbers(Uint32Array, indices), dictionary })),
    partitions: there(batch.partitions, (partitions) => numbers(Int32Array, partitions)),
  };
}

/** The bytes of a typed array. */
function packed(array) {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function orNull(value, made) {
  return value === undefined ? null : made(value);
}

function bytesOut({ offsets, data, validity }) {
  return { offsets: packed(offsets), data, validity: validity ?? null };
}

/** An answer in typed arrays, as the host takes it. */
export function given(answer) {
  const bytesPatch = ({ rows, values }) => ({ rows: packed(rows), values: bytesOut(values) });
  const numbersPatch = ({ rows, values }) => ({ rows: packed(rows), values: packed(values) });
  return {
    selection: orNull(answer.selection, packed),
    keys: orNull(answer.keys, bytesPatch),
    values: orNull(answer.values, bytesPatch),
    headers: orNull(answer.headers, ({ rows, headers }) => ({
      rows: packed(rows),
      headers: {
        rows: packed(headers.rows),
        names: packed(headers.names),
        dictionary: bytesOut(headers.dictionary),
        values: bytesOut(headers.values),
      },
    })),
    timestamps: orNull(answer.timestamps, numbersPatch),
    topics: orNull(answer.topics, ({ rows, topics: { indices, dictionary } }) => ({
      rows: packed(rows),
      topics: { indices: packed(indices), dictionary },
    })),
    partitions: orNull(answer.partitions, numbersPatch),
    drops: orNull(answer.drops, ({ rows, reasons, dictionary }) => ({
      rows: packed(rows),
      reasons: packed(reasons),
      dictionary,
    })),
    rejected: answer.rejected,
  };
}
