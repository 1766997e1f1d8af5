// From a plugin's source to its component.

import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

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

/** What the plugin says of itself: it is loaded here first, where a mistake is told at once. */
async function describe(esbuild, project, work) {
  const { script } = await bundle(esbuild, project, false);
  const path = join(work, "described.mjs");
  await writeFile(path, script);
  let said;
  try {
    said = (await import(pathToFileURL(path))).guest.describe();
  } catch (error) {
    throw new BuildFailure(`\`${project.source}\` is no plugin: ${error.message}`);
  }
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

/** What a failing plugin looks its places up in, as a statement of the script. */
function sourceMap({ mappings, sources, own }) {
  return `globalThis[Symbol.for("anabranch:source-map")] = ${JSON.stringify({ mappings, sources, own })};`;
}
