// Globals that the author's own sources use and that a plugin has not: found before a record would.

import { decode } from "../stack.js";
import { BuildFailure } from "./failure.js";
import { findUnavailable } from "./bundle.js";
import { GLOBALS } from "./unavailable.js";

/** Refuses them. What was installed may hold some that it never uses, and a source that asks `typeof` first knows. */
export async function refuseGlobals(esbuild, project) {
  const { script, map, marks } = await findUnavailable(esbuild, project);
  const segments = decode(map.mappings);
  const uses = [];
  for (const [index, line] of script.split("\n").entries()) {
    for (const [name, mark] of Object.entries(marks)) {
      const column = line.indexOf(mark);
      const place = column < 0 ? undefined : segments[index]?.findLast((segment) => segment.generated <= column);
      if (place !== undefined && map.own.includes(place.source)) {
        uses.push({ name, place, isAsked: line.slice(0, column).endsWith("typeof ") });
      }
    }
  }
  const asked = (use) => uses.some((other) => other.isAsked && other.name === use.name && other.place.source === use.place.source);
  const use = uses.find((each) => !asked(each));
  if (use !== undefined) {
    const at = `${map.sources[use.place.source]}:${use.place.line + 1}:${use.place.column + 1}`;
    throw new BuildFailure(`${at}: \`${use.name}\` is not to be had in a plugin`, GLOBALS[use.name]);
  }
}
