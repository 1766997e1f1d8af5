// The columns of a record that a plugin may read or change.

/** Their names, in the order of the interface. */
export const COLUMNS = ["key", "value", "headers", "timestamp", "topic", "partition"];

/** What a message calls them. */
const WORDS = {
  key: "the key",
  value: "the value",
  headers: "the headers",
  timestamp: "the timestamp",
  topic: "the topic",
  partition: "the partition",
};

/** The set of the columns that are listed, as flags by name. */
export function columnSet(listed, where) {
  if (listed !== undefined && !Array.isArray(listed)) {
    throw new TypeError(`\`${where}\` is a list of columns, for instance ["key"]`);
  }
  const set = {};
  for (const name of COLUMNS) {
    set[name] = false;
  }
  for (const name of listed ?? []) {
    if (!COLUMNS.includes(name)) {
      throw new TypeError(`\`${where}\` names ${JSON.stringify(name)}, but the columns are ${COLUMNS.join(", ")}`);
    }
    set[name] = true;
  }
  return set;
}

/** The plugin looked at what it does not declare. */
export function unread(column) {
  throw new Error(`the plugin looks at ${WORDS[column]} without declaring it: add ${JSON.stringify(column)} to \`reads\``);
}

/** The plugin changed what it does not declare. */
export function unchangeable(column) {
  throw new Error(
    `the plugin changes ${WORDS[column]} without declaring it: add ${JSON.stringify(column)} to \`changes\``,
  );
}
