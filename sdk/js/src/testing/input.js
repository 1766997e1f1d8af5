// A batch as the host would hand it over.

import { bytesOf } from "./record.js";

/** The columns that `reads` names, of records whose offsets begin at `first`. */
export function batchOf(records, first, reads, context) {
  const count = records.length;
  const column = (is, made) => (is ? made() : undefined);
  const isRouted = records.some((record) => record.topic !== null);
  const isChosen = records.some((record) => record.partition !== null);
  return {
    topic: context.sourceTopic,
    partition: context.sourcePartition ?? undefined,
    count,
    offsets: { tag: "consecutive", val: BigInt(first) },
    timestamps: column(reads.timestamp, () => BigInt64Array.from(records, (record) => BigInt(record.timestamp ?? -1))),
    keys: column(reads.key, () => bytesColumn(records.map((record) => record.key))),
    values: column(reads.value, () => bytesColumn(records.map((record) => record.value))),
    headers: column(reads.headers, () => headersColumn(records)),
    topics: column(reads.topic && isRouted, () => ({
      indices: Uint32Array.from(records, (_, row) => row),
      dictionary: records.map((record) => record.topic ?? ""),
    })),
    partitions: column(reads.partition && isChosen, () => Int32Array.from(records, (record) => record.partition ?? -1)),
  };
}

function bytesColumn(values) {
  const offsets = new Uint32Array(values.length + 1);
  const parts = values.map((value) => bytesOf(value) ?? new Uint8Array(0));
  parts.forEach((part, row) => {
    offsets[row + 1] = offsets[row] + part.length;
  });
  const data = new Uint8Array(offsets[values.length]);
  parts.forEach((part, row) => data.set(part, offsets[row]));
  let validity;
  if (values.includes(null)) {
    validity = new Uint8Array((values.length + 7) >> 3);
    values.forEach((value, row) => {
      validity[row >> 3] |= (value === null ? 0 : 1) << (row & 7);
    });
  }
  return { offsets, data, validity };
}

function headersColumn(records) {
  const all = records.flatMap((record) => record.headers);
  const distinct = [...new Set(all.map((header) => header.name))];
  const rows = new Uint32Array(records.length + 1);
  records.forEach((record, row) => {
    rows[row + 1] = rows[row] + record.headers.length;
  });
  return {
    rows,
    names: Uint32Array.from(all, (header) => distinct.indexOf(header.name)),
    dictionary: bytesColumn(distinct),
    values: bytesColumn(all.map((header) => header.value)),
  };
}
