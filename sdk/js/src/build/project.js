// What is built: a plugin's source, and what its package says of it.

import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { BuildFailure } from "./failure.js";

/** The project that `given` names: a `package.json`, a folder that has one, or the plugin's source. */
export function project(given) {
  const path = resolve(given);
  if (!existsSync(path)) {
    throw new BuildFailure(`there is no \`${given}\``, "name a `package.json`, or the file with the plugin");
  }
  if (statSync(path).isDirectory()) {
    return project(join(given, "package.json"));
  }
  if (!path.endsWith(".json")) {
    const packed = nearest(dirname(path));
    return { source: path, folder: packed === null ? dirname(path) : dirname(packed), packaged: packaged(packed) };
  }
  const { main } = read(path);
  if (typeof main !== "string") {
    throw new BuildFailure(`\`${given}\` does not say where the plugin is`, 'add `"main": "plugin.js"`, or the name of its file');
  }
  const source = resolve(dirname(path), main);
  if (!existsSync(source)) {
    throw new BuildFailure(`\`${given}\` names \`${main}\` as \`main\`, which is not there`);
  }
  return { source, folder: dirname(path), packaged: packaged(path) };
}

/** The `package.json` next to a file or above it. */
function nearest(folder) {
  const candidate = join(folder, "package.json");
  if (existsSync(candidate)) {
    return candidate;
  }
  return dirname(folder) === folder ? null : nearest(dirname(folder));
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new BuildFailure(`\`${path}\` is no package.json: ${error.message}`);
  }
}

/** What a `package.json` says of the plugin. */
function packaged(path) {
  const { name, version, description = "" } = path === null ? {} : read(path);
  return { name, version, summary: description };
}
