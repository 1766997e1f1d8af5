// From a plugin's source to its component.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { decode } from "../stack.js";
import { bundle } from "./bundle.js";
import { BuildFailure } from "./failure.js";
import { refuseGlobals } from "./globals.js";
import { project as read } from "./project.js";
import { findTools } from "./tools.js";

const WIT = fileURLToPath(new URL("../../wit/v0.1", import.meta.url));

/** Builds what `given` names into `out`, or into `target/NAME.wasm` of its project. Returns where it is. */
export async function build(given, out) {
  const project = read(given);
  const tools = findTools(project.folder);
  const esbuild = await tools.esbuild();
  await refuseGlobals(esbuild, project);
  const work = await mkdtemp(join(tmpdir(), "anabranch-plugin-"));
  try {
    const { name } = await describe(esbuild, project, work);
    const { script, map } = await bundle(esbuild, project, true);
    const { componentize } = await tools.componentize();
    const { component } = await componentize({
      jsSource: `${script}\n${sourceMap(map)}\n`,
      witPath: WIT,
      world: "plugin",
      sync: true,
    });
    const written = resolve(out ?? join(project.folder, "target", `${name.replace(/^.*\//, "")}.wasm`));
    await mkdir(dirname(written), { recursive: true });
    // Whoever reads it meanwhile sees the one before, or this one.
    await writeFile(`${written}.new`, component);
    await rename(`${written}.new`, written);
    return written;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Seconds that the top level of a plugin may take. */
const LOADING = 30;

/** What the plugin says of itself: it is loaded by Node first, where a mistake is told at once. */
async function describe(esbuild, project, work) {
  const { script, map } = await bundle(esbuild, project, false);
  const path = join(work, "described.mjs");
  await writeFile(path, script);
  const said = load(path, project, map);
  for (const field of ["name", "version"]) {
    if (typeof said[field] !== "string" || said[field].trim() === "") {
      throw new BuildFailure(
        `the plugin has no ${field}`,
        `add "${field}" to its package.json, or \`${field}\` to what \`plugin\` is given`,
      );
    }
  }
  if (typeof said.summary !== "string") {
    throw new BuildFailure("the plugin's summary is no text");
  }
  return said;
}

/** Loads it in a process of its own, which may never come to its end; what its console says is nobody's matter. */
function load(path, project, map) {
  const told = `${path}.json`;
  const program = `
    import { writeFileSync } from "node:fs";
    const tell = (what) => writeFileSync(${JSON.stringify(told)}, JSON.stringify(what));
    try {
      tell({ said: (await import(${JSON.stringify(pathToFileURL(path).href)})).guest.describe() });
    } catch (error) {
      tell({ message: String(error?.message ?? error), stack: String(error?.stack ?? "") });
    }
    process.exit();`;
  const { NODE_OPTIONS: _, ...env } = process.env;
  const ran = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { timeout: LOADING * 1000, stdio: "ignore", env });
  if (!existsSync(told)) {
    const what = ran.error?.code === "ETIMEDOUT" ? `does not come to its end within ${LOADING} s` : "ends the process";
    throw new BuildFailure(`\`${project.source}\` is no plugin: its top level ${what}`, "it is loaded once, when it is built: prepare there what does not take long");
  }
  const { said, message, stack } = JSON.parse(readFileSync(told, "utf8"));
  if (said === undefined) {
    const [, line, column] = /described\.mjs:(\d+):(\d+)/.exec(stack) ?? [];
    const place = decode(map.mappings)[line - 1]?.findLast((segment) => segment.generated <= column - 1);
    const at = place !== undefined && map.own.includes(place.source) ? `, at ${map.sources[place.source]}:${place.line + 1}:${place.column + 1}` : "";
    throw new BuildFailure(`\`${project.source}\` is no plugin: ${message}${at}`);
  }
  return said;
}

/** What a failing plugin looks its places up in, as a statement of the script. */
function sourceMap({ mappings, sources, own }) {
  return `globalThis[Symbol.for("anabranch:source-map")] = ${JSON.stringify({ mappings, sources, own })};`;
}
