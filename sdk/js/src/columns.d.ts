/** A column of byte strings, any of which may be null; laid out as Apache Arrow's variable-size binary. */
export interface BytesColumn {
  /** Value `i` is `data` from `offsets[i]` to `offsets[i + 1]`. */
  readonly offsets: Uint32Array;
  /** The bytes of all values, one after another. */
  readonly data: Uint8Array;
  /** Arrow's bitmap, least significant bit first: bit `i` clear means that value `i` is null. Null where none is. */
  readonly validity: Uint8Array | null;
  /** How many values there are, nulls included. */
  readonly length: number;
  isNull(row: number): boolean;
  /** A value; null where it is null. */
  get(row: number): Uint8Array | null;
  /** A value as text; null where it is null. What is no UTF-8 throws. */
  text(row: number): string | null;
  /** Whether a value is not null and begins with these bytes, or this text. */
  startsWith(row: number, prefix: string | Uint8Array): boolean;
}

/** The headers of all rows: those of row `i` are the entries from `rows[i]` to `rows[i + 1]`. */
export interface HeadersColumn {
  readonly rows: Uint32Array;
  /** For each header the index of its name in `dictionary`. */
  readonly names: Uint32Array;
  /** The distinct names. */
  readonly dictionary: readonly string[];
  /** The value of each header. */
  readonly values: BytesColumn;
}

/** Topics by their index into a dictionary of distinct names. */
export interface TopicsColumn {
  readonly indices: Uint32Array;
  readonly dictionary: readonly string[];
}

/** Records of one source topic-partition, in the order of the backup. Columns that `reads` does not name throw. */
export interface Batch {
  /** The topic that the backup says the records came from. */
  readonly topic: string;
  /** The source partition; null where the backup holds none. */
  readonly partition: number | null;
  /** How many rows each column has. */
  readonly count: number;
  /** Source offsets, never decreasing. */
  readonly offsets: BigInt64Array;
  readonly keys: BytesColumn;
  readonly values: BytesColumn;
  readonly headers: HeadersColumn;
  /** Milliseconds since the epoch, -1 where a record has none. */
  readonly timestamps: BigInt64Array;
  /** Topics that an earlier plugin chose, the empty name where it left that open; null where none did. */
  readonly topics: TopicsColumn | null;
  /** Partitions that an earlier plugin chose, -1 where it left that open; null where none did. */
  readonly partitions: Int32Array | null;
}

/** Numbers of 32 bits, without a sign. */
export type Numbers = Uint32Array | readonly number[];

/** A column of bytes in an answer, laid out as {@link BytesColumn}. */
export interface NewBytesColumn {
  readonly offsets: Numbers;
  readonly data: Uint8Array | readonly number[];
  readonly validity?: Uint8Array | readonly number[] | null;
}

/** Headers in an answer. */
export interface NewHeadersColumn {
  readonly rows: Numbers;
  readonly names: Numbers;
  readonly dictionary: NewBytesColumn;
  readonly values: NewBytesColumn;
}

/** What a plugin makes of a batch; `{}` passes every record. What is not patched stays the host's own bytes. */
export interface Answer {
  /**
   * For each output record, in order, the input row that it comes from; never decreases. A row left out is dropped, a
   * row named several times becomes several records. Without it every row comes out once.
   */
  readonly selection?: Numbers | null;
  // In each patch `rows` are indices into the selection, strictly increasing, with one value for each.
  readonly keys?: { readonly rows: Numbers; readonly values: NewBytesColumn } | null;
  readonly values?: { readonly rows: Numbers; readonly values: NewBytesColumn } | null;
  readonly headers?: { readonly rows: Numbers; readonly headers: NewHeadersColumn } | null;
  readonly timestamps?: { readonly rows: Numbers; readonly values: BigInt64Array | readonly bigint[] } | null;
  readonly topics?: {
    readonly rows: Numbers;
    readonly topics: { readonly indices: Numbers; readonly dictionary: readonly string[] };
  } | null;
  readonly partitions?: { readonly rows: Numbers; readonly values: Int32Array | readonly number[] } | null;
  /** Reasons for rows that were left out. */
  readonly drops?: {
    readonly rows: Numbers;
    readonly reasons: Numbers;
    readonly dictionary: readonly string[];
  } | null;
  /** Rejected rows, strictly increasing; none of them may be selected. */
  readonly rejected?: readonly { readonly row: number; readonly reason: string }[] | null;
}
