// The two ways out of a plugin: a line in the restore's log and a counter in its report.

const LEVELS = ["debug", "info", "warn", "error"];

/** Who hears them: the host in a component, a test while it runs a plugin, otherwise nobody. */
let listener = null;

/** Has the given one hear what plugins say from now on. */
export function listen(heard) {
  listener = heard;
}

export function log(level, message) {
  if (!LEVELS.includes(level)) {
    throw new TypeError(`${JSON.stringify(level)} is no level of a log line, which are ${LEVELS.join(", ")}`);
  }
  listener?.log(level, String(message));
}

export function count(name, by = 1) {
  if (typeof name !== "string") {
    throw new TypeError(`the name of a counter is text, not ${typeof name}`);
  }
  if (!Number.isSafeInteger(by) || by < 0) {
    const shown = typeof by === "number" ? by : `what is of type ${typeof by}`;
    throw new TypeError(`a counter is added whole numbers from 0 on, not ${shown}`);
  }
  listener?.count(name, by);
}
