#!/usr/bin/env node
// `anabranch-plugin [package.json | FILE] [-o OUT.wasm]`: builds a plugin.

import { parseArgs } from "node:util";

import { build } from "./src/build/build.js";
import { BuildFailure } from "./src/build/failure.js";

const USAGE = `anabranch-plugin [package.json | FILE] [-o OUT.wasm]

Builds the plugin that \`main\` of a package.json names (the one here, unless another is given), or that is in
FILE, into a WebAssembly component: OUT.wasm, or target/NAME.wasm of its project.`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { output: { type: "string", short: "o" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(USAGE);
  } else if (positionals.length > 1) {
    throw new BuildFailure(`one plugin is built at a time, and ${positionals.length} are named`, USAGE.split("\n")[0]);
  } else {
    console.log(await build(positionals[0] ?? "package.json", values.output));
  }
} catch (error) {
  if (error instanceof BuildFailure || error.code?.startsWith("ERR_PARSE_ARGS")) {
    console.error(`error: ${error.message}${error.hint === undefined ? "" : `\nhint: ${error.hint}`}`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
