// Where the tests find what `scripts/test-js` installed, and make projects that find it as well.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const SDK = fileURLToPath(new URL("..", import.meta.url));
export const WORKSPACE = fileURLToPath(new URL("../../..", import.meta.url));
export const TOOLS = join(WORKSPACE, "target/js");

/** A folder of its own with these files, by name, in which the tools are found. */
export function folder(files) {
  mkdirSync(join(TOOLS, "tests"), { recursive: true });
  const made = mkdtempSync(join(TOOLS, "tests/project-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(made, name)), { recursive: true });
    writeFileSync(join(made, name), text);
  }
  return made;
}

/** Puts this package where a project has it. */
export function vendor(made) {
  mkdirSync(join(made, "vendor"), { recursive: true });
  symlinkSync(SDK, join(made, "vendor/anabranch-plugin"));
}

/** The files of a new project, as the template has them. */
export function rendered(name) {
  const template = join(SDK, "template");
  const values = { name, module: name.replaceAll("-", "_") };
  const fill = (text) => text.replaceAll(/\{\{ (name|module) \}\}/g, (_, key) => values[key]);
  const names = readdirSync(template, { recursive: true }).filter((file) => statSync(join(template, file)).isFile());
  return Object.fromEntries(names.map((file) => [fill(file), fill(readFileSync(join(template, file), "utf8"))]));
}

/** Puts a copy of what is published where a project has it. */
export function vendorCopy(made) {
  for (const each of ["package.json", ...JSON.parse(readFileSync(join(SDK, "package.json"), "utf8")).files]) {
    cpSync(join(SDK, each), join(made, "vendor/anabranch-plugin", each), { recursive: true });
  }
}
