import { plugin } from "#anabranch-plugin";

export default plugin({
  reads: ["key"],
  parameters: { prefix: { type: "text", default: "test-", help: "What the keys that are left out begin with." } },
  record(record, { prefix }) {
    return record.keyStartsWith(prefix) ? record.drop("begins with the prefix") : record.keep();
  },
});
