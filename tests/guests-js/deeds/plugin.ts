// Does one of several things to every record, in TypeScript and in two files: what the build makes of that is tested too.

import { ConfigurationError, count, log, plugin, Rejection } from "../../../sdk/js/src/index.js";
import { parse } from "./order.js";

export default plugin({
  reads: ["key", "value", "headers", "timestamp"],
  changes: ["key", "value", "headers", "timestamp", "topic", "partition"],
  parameters: {
    deed: { type: "text", required: true, help: "What it does." },
    at: { type: "text", default: "", help: "The key of the record that it does it to, where it is one." },
  },
  configure(parameters, { targetTopic }) {
    if (parameters.deed === "refuse") throw new ConfigurationError("is not to be done", "deed");
    if (parameters.deed === "fail") throw new Error(`it fails for ${targetTopic}`);
    return parameters;
  },
  record(record, { deed, at }) {
    const isMeant = at === "" || record.keyText() === at;
    switch (isMeant ? deed : "keep") {
      case "drop":
        return record.drop("told to");
      case "change": {
        const value = record.valueText();
        record.setKey(`${record.keyText()}!`);
        record.setValue(value === null ? null : value.toUpperCase());
        record.addHeader("größe", "ü");
        record.setTimestamp((record.timestamp() ?? 0) + 1);
        count("changed");
        return record.keep();
      }
      case "fan-out":
        for (const item of parse(record.valueText()).items) {
          record.setValue(JSON.stringify(item));
          record.emit();
        }
        return record.finish();
      case "route":
        record.setTopic("elsewhere");
        record.setPartition(0);
        return record.keep();
      case "throw":
        parse(record.valueText());
        return record.keep();
      case "reject":
        throw new Rejection(`told to reject ${record.keyText()}`);
      case "read":
        record.routedTopic();
        return record.keep();
      case "log":
        log("warn", `offset ${record.offset()}`);
        console.log("to the console");
        return record.keep();
      case "loop":
        for (;;) log("debug", "again");
      case "hoard": {
        const hoard: string[] = [];
        for (;;) hoard.push("x".repeat(100_000) + hoard.length);
      }
      default:
        return record.keep();
    }
  },
});
