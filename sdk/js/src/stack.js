// An error in a component, told with its place in the plugin's own sources.
//
// What runs there is one script that the build made of them. It leaves its source map behind, which is only looked
// at when something fails.

/** Under which the build leaves `{ mappings, sources, own }`: a source map, and which sources are the author's. */
export const SOURCE_MAP = Symbol.for("anabranch:source-map");

/** Places that are told of an error. */
const PLACES = 4;

/** A line about an error: its kind, its message, and where it happened, the innermost place first. */
export function tell(error) {
  if (!(error instanceof Error)) {
    return `${describe(error)} was thrown`;
  }
  const told = error.message === "" ? error.name : `${error.name}: ${error.message}`;
  const places = own(error.stack ?? "");
  const cause = error.cause instanceof Error ? `, caused by ${error.cause.name}: ${error.cause.message}` : "";
  return places.length === 0 ? told + cause : `${told} at ${places.join(", from ")}${cause}`;
}

function describe(value) {
  try {
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  } catch {
    return typeof value;
  }
}

/** The places of a stack that are in the author's sources. */
function own(stack) {
  const map = globalThis[SOURCE_MAP];
  if (map === undefined) {
    return [];
  }
  const places = [];
  const lines = decode(map.mappings);
  for (const frame of stack.split("\n")) {
    // `    at function (script:line:column)`, as QuickJS writes it.
    const parts = /^\s*at (.*) \(.*:(\d+):(\d+)\)$/.exec(frame);
    const place = parts && find(lines[Number(parts[2]) - 1], Number(parts[3]) - 1);
    if (place && map.own.includes(place.source) && places.length < PLACES) {
      const called = parts[1].replace("<anonymous>", "").replace(/^.*[/<.]/, "");
      const at = `${map.sources[place.source]}:${place.line + 1}:${place.column + 1}`;
      places.push(called === "" ? at : `\`${called}\` (${at})`);
    }
  }
  return places;
}

/** The last segment that begins at `column` or before. */
function find(segments, column) {
  return segments?.findLast((segment) => segment.generated <= column);
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The segments of each line, by the format of source maps, revision 3 (ECMA-426). */
export function decode(mappings) {
  let [source, line, column] = [0, 0, 0];
  return mappings.split(";").map((text) => {
    let generated = 0;
    const segments = [];
    for (const segment of text.split(",")) {
      const fields = numbers(segment);
      generated += fields[0] ?? 0;
      if (fields.length >= 4) {
        source += fields[1];
        line += fields[2];
        column += fields[3];
        segments.push({ generated, source, line, column });
      }
    }
    return segments;
  });
}

/** The numbers of a segment: base 64 digits of five bits each, the lowest first; the lowest bit of a number is its sign. */
function numbers(segment) {
  const fields = [];
  let [value, shift] = [0, 0];
  for (const letter of segment) {
    const digit = DIGITS.indexOf(letter);
    value |= (digit & 31) << shift;
    shift += 5;
    if ((digit & 32) === 0) {
      fields.push(value & 1 ? -(value >> 1) : value >> 1);
      [value, shift] = [0, 0];
    }
  }
  return fields;
}
