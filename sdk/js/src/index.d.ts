/**
 * Write Anabranch plugins in JavaScript or TypeScript.
 *
 * A plugin stands between a backup of Kafka topics and the cluster that it is restored to: it sees every record and
 * keeps it, drops it, changes it, makes several of it, sends it elsewhere or rejects it.
 *
 * @example
 * ```js
 * import { plugin } from "anabranch-plugin";
 *
 * export default plugin({
 *   reads: ["key"],
 *   record(record) {
 *     return record.keyStartsWith("test-") ? record.drop("test user") : record.keep();
 *   },
 * });
 * ```
 *
 * @packageDocumentation
 */

import type { Answer, Batch } from "./columns.js";

export type * from "./columns.js";

/** A column of a record. */
export type Column = "key" | "value" | "headers" | "timestamp" | "topic" | "partition";

/** Bytes, or text of which the UTF-8 is meant. Null is not empty: a null value is a tombstone. */
export type Bytes = Uint8Array | string | null;

/** A header as it came. */
export interface Header {
  /** The name. Names may repeat within a record. */
  readonly name: string;
  /** The value; null is not empty. */
  readonly value: Uint8Array | null;
  /** The value as text. What is no UTF-8 rejects the record. */
  readonly text: string | null;
}

/** A header as it goes out. Those that came can be passed on as they are. */
export interface NewHeader {
  readonly name: string;
  readonly value: Bytes;
}

declare const outcome: unique symbol;
declare const isPlugin: unique symbol;

/** What becomes of a record: what {@link Record.keep}, {@link Record.drop}, {@link Record.finish} and {@link Record.reject} return. */
export interface Outcome {
  readonly [outcome]: never;
}

/**
 * One record: a view of it, and the pen for what becomes of it.
 *
 * What it shows is the record as it came; what is set shows in what goes out. A handler ends with one of
 * {@link keep}, {@link drop}, {@link finish} and {@link reject}. The view is only good while the handler runs: the
 * same object shows the next record then. Bytes and texts that it gave stay what they are.
 *
 * Looking at a column that `reads` does not name, and setting one that `changes` does not name, throws an error that
 * says so.
 */
export interface Record {
  /** The key; null where the record has none. */
  key(): Uint8Array | null;
  /** The key as text. What is no UTF-8 rejects the record. */
  keyText(): string | null;
  /** Whether there is a key and it begins with these bytes, or this text. Quicker than {@link keyText}. */
  keyStartsWith(prefix: string | Uint8Array): boolean;
  /** The value; null for a tombstone. */
  value(): Uint8Array | null;
  /** The value as text. What is no UTF-8 rejects the record. */
  valueText(): string | null;
  /**
   * The value, parsed as JSON; null for a tombstone. What is no JSON rejects the record.
   *
   * Numbers become JavaScript's: those beyond 2^53, and how a number is written, are lost where it is written anew.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  valueJson(): any;
  /** The headers in order, duplicates included. */
  headers(): Header[];
  /** The last header of that name, as Kafka's own `Headers.lastHeader`; null without one. */
  header(name: string): Header | null;
  /** Milliseconds since the epoch; null where the record has no timestamp. */
  timestamp(): number | null;
  /**
   * The source offset; the row within its file where the backup holds no offsets. What an earlier plugin made of one
   * record shares its offset.
   */
  offset(): number;
  /** The source topic. */
  topic(): string;
  /** The source partition; null where the backup has no partitions. */
  partition(): number | null;
  /** The topic that an earlier plugin chose. Needs `"topic"` in `reads`. */
  routedTopic(): string | null;
  /** The partition that an earlier plugin chose. Needs `"partition"` in `reads`. */
  routedPartition(): number | null;

  /** Gives the outgoing record another key, or none. */
  setKey(key: Bytes): void;
  /** Gives the outgoing record another value; null makes it a tombstone. */
  setValue(value: Bytes): void;
  /**
   * Replaces all headers of the outgoing record. Those that came can be passed through, for instance without one:
   * `record.setHeaders(record.headers().filter((header) => header.name !== "trace"))`.
   */
  setHeaders(headers: Iterable<NewHeader>): void;
  /** Adds a header behind those of the outgoing record. Needs `"headers"` in `reads` as well. */
  addHeader(name: string, value: Bytes): void;
  /** Gives the outgoing record another timestamp in milliseconds since the epoch, or none. */
  setTimestamp(timestamp: number | null): void;
  /** Sends the outgoing record to that topic instead of where the job sends it. */
  setTopic(topic: string): void;
  /** Sends the outgoing record to that partition. As this can split a key, the job must say `order = "none"`. */
  setPartition(partition: number): void;

  /**
   * Passes on the record as it now stands and goes on with a fresh copy of what came, for records that become
   * several. {@link finish} or {@link keep} must follow.
   */
  emit(): void;
  /** Passes on the record as it now stands, and nothing after it. */
  keep(): Outcome;
  /** Leaves the record out. Reasons are few and short; the report counts by them. */
  drop(reason?: string): Outcome;
  /** Nothing more comes of the record than what was emitted; without any it is dropped without a reason. */
  finish(): Outcome;
  /** Rejects the record, whatever was emitted of it: the restore ends and names it, or sets it aside where the job says so. */
  reject(reason: string): Outcome;
}

/** The types of parameters in a job file, and what a plugin gets of them. */
export interface ParameterTypes {
  text: string;
  /** Between -(2^53 - 1) and 2^53 - 1; others are refused. */
  integer: number;
  number: number;
  boolean: boolean;
  texts: string[];
  /** Any value: tables and lists as they stand. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  any: any;
}

/** A parameter that a plugin takes. One that is not required and has no default may be absent. */
export interface Parameter<T extends keyof ParameterTypes = keyof ParameterTypes> {
  readonly type: T;
  /** What it is where the job does not give it. */
  readonly default?: unknown;
  /** Whether the job must give it. */
  readonly required?: boolean;
  /** One sentence for `anabranch plugin inspect`. */
  readonly help?: string;
}

/** Parameters by name, as in a job file. */
export type Parameters = { readonly [name: string]: Parameter };

/** The values of parameters: a required one and one with a default is always there. */
export type Values<P extends Parameters> = {
  readonly [N in keyof P]:
    | ParameterTypes[P[N]["type"]]
    | (P[N] extends { readonly required: true } ? never : P[N] extends { readonly default: {} } ? never : undefined);
};

/** Where a plugin runs. */
export interface Context {
  /** The job's name. */
  readonly job: string;
  /** The source topic of the lane. */
  readonly sourceTopic: string;
  /** The source partition of the lane; null where the backup has no partitions. */
  readonly sourcePartition: number | null;
  /** The topic that the job sends this source topic to. */
  readonly targetTopic: string;
  /** Milliseconds since the epoch at which this restore (or preview) started: the only clock there is. */
  readonly started: number;
  /** Derived from the job's name; the same in every run of the job. */
  readonly seed: bigint;
}

/**
 * How far back a plugin's answers depend on what it has seen: not at all (the default), on so many records before, or
 * on everything since the beginning of the lane.
 */
export type State = "none" | "lane" | { readonly window: number };

/** What a plugin says of itself, and does. `S` is what `configure` makes, or the parameters without it. */
export interface Definition<P extends Parameters, S> {
  /** Its name; that of its package without. */
  readonly name?: string;
  /** Its version; that of its package without. */
  readonly version?: string;
  /** What it does in one sentence; the description of its package without. */
  readonly summary?: string;
  /** The columns that it looks at. Others are not handed over, and cost nothing. */
  readonly reads?: readonly Column[];
  /** The columns that it may change. */
  readonly changes?: readonly Column[];
  /** What it remembers from record to record. */
  readonly state?: State;
  /** What a job file may say to it. */
  readonly parameters?: P;
  /**
   * Makes what the handler gets with each record, once for each lane (one source topic-partition) and before any
   * record: a place for what is worked out first, and for what is remembered. Throws a {@link ConfigurationError}
   * where parameters make no sense.
   */
  configure?(this: void, parameters: Values<P>, context: Context): S;
  /** Says what becomes of a record. */
  record?(this: void, record: Record, state: S): Outcome;
  /** Answers for a whole batch in columns instead, for plugins that can do that faster than record by record. */
  batch?(this: void, batch: Batch, state: S): Answer;
}

/** A plugin, to be the default export of its file. */
export interface Plugin {
  readonly [isPlugin]: true;
  readonly reads?: readonly Column[];
  readonly changes?: readonly Column[];
  readonly state?: State;
}

/** Makes a plugin, which has one of `record` and `batch`. What is wrong with its definition is thrown. */
export function plugin<const P extends Parameters = {}, S = Values<P>>(definition: Definition<P, S>): Plugin;

/**
 * A record that can neither pass nor be left out: thrown from a handler, it does what {@link Record.reject} does. Any
 * other error is the plugin's own failure, and stops the job.
 */
export class Rejection extends Error {
  constructor(reason: string);
}

/** Parameters that do not make sense; no record moves then. */
export class ConfigurationError extends Error {
  /** `parameter` is the name of the one at fault, if it is one. */
  constructor(message: string, parameter?: string);
  readonly parameter: string | undefined;
}

/** How much a line matters. `"debug"` is shown with `-v`, the others always. */
export type Level = "debug" | "info" | "warn" | "error";

/** Writes a line to the restore's log, under the plugin's name. Lines beyond the job's limit are counted and left out. */
export function log(level: Level, message: string): void;

/** Adds to a counter of the plugin's own, shown in the report. */
export function count(name: string, by?: number): void;
