// The loop of a plugin that is handed its records one by one.

import { Rejection } from "./rejection.js";

/**
 * The row under way. What asks for it does so for each record: the engine that plugins run in looks up a property by its
 * name, which takes several times as long as a variable, and plugins run one at a time.
 */
export let row = 0;

/** Nothing is left to do for a record. */
export const SETTLED = Object.freeze({ outcome: "settled" });

/** Has `handler` say for each of `count` rows what becomes of it. `record` is what it is handed, and what remembers that. */
export function eachRow(record, count, handler, state) {
  row = 0;
  while (row < count) {
    try {
      // Few handlers throw, and to go on within costs nothing: the loop around is for what follows a rejection.
      for (; row < count; row += 1) {
        const outcome = handler(record, state);
        if (outcome === record) {
          if (record._said === row) {
            record._keepSaid();
          }
        } else if (outcome !== SETTLED || record._said !== row) {
          unsaid(outcome);
        }
      }
    } catch (error) {
      if (!(error instanceof Rejection)) {
        throw error;
      }
      record._reject(error.message);
      row += 1;
    }
  }
}

/** A handler that did not say what becomes of a record. */
function unsaid(outcome) {
  synchronous(outcome, "record");
  throw new Error(
    "the handler does not say what becomes of the record: it ends with `return record.keep()`, `record.drop()`, " +
      "`record.finish()` or `record.reject()`",
  );
}

/** What a function returned, unless that is a promise. */
export function synchronous(returned, name) {
  if (typeof returned?.then === "function") {
    throw new Error(`\`${name}\` returned a promise: there is nothing to wait for in a plugin, so it cannot be \`async\``);
  }
  return returned;
}
