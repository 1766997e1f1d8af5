// Records as a test writes them down and compares them.

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Bytes as a test shows and compares them: as text where they are text. */
export function shown(bytes) {
  if (bytes === null || bytes === undefined) {
    return null;
  }
  const given = typeof bytes === "string" ? encoder.encode(bytes) : bytes;
  if (!(given instanceof Uint8Array)) {
    throw new TypeError(`keys and values are text, a Uint8Array or null, not of type ${typeof bytes}`);
  }
  try {
    return decoder.decode(given);
  } catch {
    return Uint8Array.from(given);
  }
}

/** The bytes of what is shown. */
export function bytesOf(shownBytes) {
  return typeof shownBytes === "string" ? encoder.encode(shownBytes) : shownBytes;
}

export class TestRecord {
  constructor(key, value) {
    this.key = shown(key);
    this.value = shown(value);
    this.headers = [];
    this.timestamp = null;
    this.topic = null;
    this.partition = null;
  }

  header(name, value) {
    const header = { name, value: shown(value) };
    return this.#with({ headers: [...this.headers, header] });
  }

  at(timestamp) {
    return this.#with({ timestamp });
  }

  toTopic(topic) {
    return this.#with({ topic });
  }

  toPartition(partition) {
    return this.#with({ partition });
  }

  /** Another record: those that a test holds stay as they are. */
  #with(changed) {
    return Object.assign(new TestRecord(null, null), this, changed);
  }
}

export function record(key, value) {
  return new TestRecord(key, value);
}

export function tombstone(key) {
  return new TestRecord(key, null);
}

export function copyOf(given) {
  return Object.assign(new TestRecord(null, null), given);
}
