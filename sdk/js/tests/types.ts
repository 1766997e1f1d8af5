// What the compiler must take, and what it must not: an error that does not come is one itself.

import { ConfigurationError, type Context, count, log, plugin, Rejection, type Values } from "#sdk";
import { configure, record, run } from "#testing";

const typed = plugin({
  name: "typed",
  reads: ["key", "value", "headers", "timestamp"],
  changes: ["value", "headers"],
  state: { window: 3 },
  parameters: {
    prefix: { type: "text", default: "a" },
    every: { type: "integer", required: true, help: "…" },
    share: { type: "number" },
    names: { type: "texts", default: [] },
    strict: { type: "boolean", default: false },
    rules: { type: "any" },
  },
  record(record, parameters) {
    const prefix: string = parameters.prefix;
    const every: number = parameters.every;
    const names: string[] = parameters.names;
    const strict: boolean = parameters.strict;
    // @ts-expect-error it may be absent
    const share: number = parameters.share;
    // @ts-expect-error there is none of that name
    parameters.other;
    // @ts-expect-error a key may be null
    record.keyText().length;
    // @ts-expect-error null is meant by null
    record.setValue(undefined);
    record.setHeaders([...record.headers(), { name: prefix, value: null }]);
    record.addHeader("n", new Uint8Array(every));
    return strict && names.length > share ? record.drop() : record.keep();
  },
});

plugin({
  parameters: { every: { type: "integer", default: 2 } },
  configure(parameters, context: Context) {
    if (parameters.every === 0) throw new ConfigurationError("must be 1 or more", "every");
    return { ...parameters, seen: 0, seed: context.seed };
  },
  record(record, self) {
    self.seen += 1;
    count("seen", self.every);
    log("info", String(self.seed));
    if (self.seen < 0) throw new Rejection("no");
    return record.finish();
  },
});

plugin({ reads: ["key"], batch: ({ keys, count }) => ({ selection: [...Array(count).keys()].filter((row) => !keys.isNull(row)) }) });

// @ts-expect-error the handler says nothing of the record
plugin({ record(record) { record.drop("x"); } });
// @ts-expect-error there is no such column
plugin({ reads: ["keys"], record: (record) => record.keep() });
// @ts-expect-error there is no such type
plugin({ parameters: { a: { type: "string" } }, record: (record) => record.keep() });
// @ts-expect-error nothing waits for a promise
plugin({ record: async (record) => record.keep() });

const came = run(typed, { every: 1 }, [record("k", null).header("h", "v").at(1).toTopic("t").toPartition(0)]);
const reason: string | null | undefined = came.dropped[0]?.reason;
configure(typed, { every: 2 });
const values: Values<{ a: { type: "text"; required: true } }> = { a: "x" };
export { reason, values };
