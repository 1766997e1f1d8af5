// One script of the plugin, this package and what else it imports, with its source map.

import { builtinModules } from "node:module";
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { BuildFailure } from "./failure.js";
import { GLOBALS, remedy } from "./unavailable.js";

/** The host's side of the interface, which only a component can import. */
const HOST = "anabranch:plugin/host@0.1.0";

const SDK = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** What esbuild calls the script, beside which it calls the map. */
const SCRIPT = "plugin.bundle.js";

/** What the engine lacks, for a component: before the author's own code, which may want it at once. */
const ENGINE = resolve(SDK, "engine.js");

/** Where the script goes on from the sources: with the host, or with a host that hears nothing. */
function entry({ source, packaged }, host) {
  return `
    ${host ? `import ${JSON.stringify(ENGINE)};` : ""}
    import * as module from ${JSON.stringify(source)};
    ${host ? `import { log, count } from ${JSON.stringify(HOST)};` : "const log = () => {}, count = () => {};"}
    const plugin = module.default?.[Symbol.for("anabranch:plugin@0.1")];
    if (plugin === undefined) {
      throw new Error("it has no default export that \`plugin\` made: write \`export default plugin({ … })\`");
    }
    export const guest = plugin.guest(${JSON.stringify(packaged)}, { log, count });
  `;
}

/** The script and its source map; `host` tells whether it is to run in a component. */
export async function bundle(esbuild, project, host) {
  const result = await run(esbuild, project, {
    stdin: { contents: entry(project, host), resolveDir: project.folder, sourcefile: "anabranch-entry.js" },
    external: [HOST],
  });
  const files = Object.fromEntries(result.outputFiles.map((file) => [file.path.endsWith(".map") ? "map" : "script", file.text]));
  const map = JSON.parse(files.map);
  return { script: files.script, map: { ...map, own: own(map.sources, project) } };
}

/** Which sources are the author's: not this package's, and not what was installed. */
function own(sources, { folder }) {
  const copies = new Set();
  for (const source of sources) {
    // A copy of this package, wherever it lies.
    if (/(^|\/)src\/component\.js$/.test(source)) {
      copies.add(source.slice(0, -"component.js".length));
    }
  }
  return sources.flatMap((source, index) => {
    const path = resolve(folder, source);
    const isOurs = path.startsWith(SDK + sep) || [...copies].some((copy) => source.startsWith(copy) && isSdk(folder, copy));
    return isOurs || source.endsWith("anabranch-entry.js") || path.split(sep).includes("node_modules") ? [] : [index];
  });
}

function isSdk(folder, copy) {
  return resolve(folder, copy, "..").split(sep).pop().startsWith("anabranch-plugin");
}

async function run(esbuild, { folder }, options) {
  try {
    return await esbuild.build({
      ...options,
      absWorkingDir: folder,
      outfile: SCRIPT,
      bundle: true,
      write: false,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      target: "es2023",
      sourcemap: "external",
      sourcesContent: false,
      logLevel: "silent",
      plugins: [refuse(folder)],
    });
  } catch (error) {
    const [first] = error.errors ?? [];
    if (first === undefined) {
      throw error;
    }
    const at = first.location ? `${first.location.file}:${first.location.line}:${first.location.column + 1}: ` : "";
    throw new BuildFailure(at + (first.detail?.message ?? first.text), first.detail?.hint ?? hint(first));
  }
}

function hint({ text }) {
  const missing = /^Could not resolve "([^"]*)"/.exec(text)?.[1];
  if (missing === undefined || missing.startsWith(".") || missing.startsWith("/")) {
    return undefined;
  }
  return missing.startsWith("#") ? "look at `imports` in package.json" : `npm install ${missing}`;
}

/** Refuses imports of what a plugin cannot have. */
function refuse(folder) {
  return {
    name: "refuse",
    setup(build) {
      build.onResolve({ filter: /.*/ }, (given) => {
        const found = given.path === HOST ? null : remedy(given.path);
        // A package may have the name of a module of Node, and is installed then.
        if (found === null || (!given.path.startsWith("node:") && given.pluginData === "again")) {
          return undefined;
        }
        if (builtinModules.includes(given.path)) {
          return build
            .resolve(given.path, { kind: given.kind, resolveDir: given.resolveDir, importer: given.importer, pluginData: "again" })
            .then((resolved) => (resolved.errors.length === 0 ? resolved : refusal(found, given, folder)));
        }
        return refusal(found, given, folder);
      });
    },
  };
}

function refusal({ what, hint }, { path, importer }, folder) {
  const by = importer.includes("node_modules") ? `, and ${relative(folder, importer)} imports it` : "";
  return { errors: [{ text: path, detail: { message: `\`${path}\` ${what}${by}`, hint } }] };
}

/** Globals that a plugin's own sources use and that are not to be had. A source that asks `typeof` first knows. */
export async function findUnavailable(esbuild, project) {
  const marks = Object.fromEntries(Object.keys(GLOBALS).map((name) => [name, `__anabranch_no_${name}`]));
  const { outputFiles } = await run(esbuild, project, {
    stdin: { contents: entry(project, false), resolveDir: project.folder, sourcefile: "anabranch-entry.js" },
    define: marks,
  });
  const script = outputFiles.find((file) => !file.path.endsWith(".map")).text;
  const map = JSON.parse(outputFiles.find((file) => file.path.endsWith(".map")).text);
  return { script, map: { ...map, own: own(map.sources, project) }, marks };
}
