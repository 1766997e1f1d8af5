// What builds plugins and is not part of this package: it is large, and tests do without.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { BuildFailure } from "./failure.js";

/** The packages, the versions that this one was tried with, and which of them it takes. */
const TOOLS = {
  "componentize-qjs": { tried: "0.4.5", fits: (major, minor) => major === 0 && minor === 4 },
  esbuild: { tried: "0.28.2", fits: (major, minor) => major === 0 && minor >= 25 },
};

/** The line that installs them. */
export const INSTALL = `npm install --save-dev ${Object.entries(TOOLS)
  .map(([name, { tried }]) => `${name}@${tried}`)
  .join(" ")}`;

/** What builds plugins, as the project or else this package has it. */
export function findTools(project) {
  const found = {};
  for (const [name, { tried, fits }] of Object.entries(TOOLS)) {
    const folder = find(name, project) ?? find(name, dirname(fileURLToPath(import.meta.url)));
    if (folder === null) {
      throw new BuildFailure(`\`${name}\` is needed to build plugins, and not installed`, INSTALL);
    }
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const [major, minor] = manifest.version.split(".").map(Number);
    if (!fits(major, minor)) {
      throw new BuildFailure(
        `\`${name}\` ${manifest.version} is installed, and plugins are built with ${tried}`,
        `npm install --save-dev ${name}@${tried}`,
      );
    }
    const { exports, main } = manifest;
    found[name] = join(folder, (typeof exports?.import === "string" ? exports.import : undefined) ?? main ?? "index.js");
  }
  return {
    esbuild: () => load("esbuild", found),
    componentize: () => load("componentize-qjs", found),
  };
}

async function load(name, found) {
  try {
    const module = await import(pathToFileURL(found[name]));
    return { ...module.default, ...module };
  } catch (error) {
    throw new BuildFailure(`\`${name}\` cannot be loaded: ${error.message}`, `install it anew: ${INSTALL}`);
  }
}

/** Where a package lies for a file in `from`. */
function find(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) {
      return candidate;
    }
    if (dirname(folder) === folder) {
      return null;
    }
  }
}
