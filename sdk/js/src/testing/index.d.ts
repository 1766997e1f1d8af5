/**
 * Runs a plugin in a test, without WebAssembly, and without anything that builds plugins.
 *
 * @packageDocumentation
 */

import type { Context, Level, Plugin } from "../index.js";
import { ConfigurationError } from "../index.js";

export { ConfigurationError };

/** A record of its own: what goes into a run and what comes out of it. Made by {@link record} and {@link tombstone}. */
export interface TestRecord {
  /** The key: as text where its bytes are text. */
  readonly key: string | Uint8Array | null;
  /** The value; null is a tombstone. */
  readonly value: string | Uint8Array | null;
  /** The headers in order. */
  readonly headers: readonly { readonly name: string; readonly value: string | Uint8Array | null }[];
  /** Milliseconds since the epoch. */
  readonly timestamp: number | null;
  /** The topic that a plugin chose. */
  readonly topic: string | null;
  /** The partition that a plugin chose. */
  readonly partition: number | null;

  /** The record with one header more. */
  header(name: string, value: string | Uint8Array | null): TestRecord;
  /** The record with that timestamp, in milliseconds since the epoch. */
  at(timestamp: number): TestRecord;
  /** The record sent to that topic. */
  toTopic(topic: string): TestRecord;
  /** The record sent to that partition. */
  toPartition(partition: number): TestRecord;
}

/** A record with that key and value, each of which may be null. */
export function record(key: string | Uint8Array | null, value: string | Uint8Array | null): TestRecord;

/** A record with that key and no value. */
export function tombstone(key: string | Uint8Array | null): TestRecord;

/** What came of a run. */
export interface Run {
  /** The records that came out, in order. Topic and partition are those that the plugin chose. */
  readonly records: TestRecord[];
  /** For each of `records` which of the given ones it comes from. */
  readonly sources: number[];
  /** The records of which nothing came, with the reason where the plugin gave one. */
  readonly dropped: { readonly input: number; readonly reason: string | null }[];
  /** The records that the plugin rejected. */
  readonly rejected: { readonly input: number; readonly reason: string }[];
  /** What the plugin logged. */
  readonly log: { readonly level: Level; readonly message: string }[];
  /** What the plugin counted. */
  readonly counters: { readonly [name: string]: number };
}

/** Where {@link run} has the plugin think that it is: job `test`, source `orders-0`, target `orders`. */
export function context(changed?: Partial<Context>): Context;

/**
 * What the plugin makes of these parameters: the handler's second argument. Defaults are filled in as the host does.
 *
 * @throws ConfigurationError for parameters that the host or the plugin does not take.
 */
export function configure(plugin: Plugin, parameters?: object, context?: Context): any;

/**
 * Gives records to a plugin, at offsets from 0, and returns what came out.
 *
 * @throws what the plugin throws, and an `AssertionError` if it gives an answer that the host would not take, gives
 * another answer when the records come in other batches, or depends on more of the past than its `state` says.
 */
export function run(plugin: Plugin, parameters: object, records: Iterable<TestRecord>, context?: Context): Run;
