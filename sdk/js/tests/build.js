// What the build refuses, and what it says then. Nothing is compiled here: these come before.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { SOURCE_MAP, tell } from "../src/stack.js";
import { folder, SDK, vendor, vendorCopy } from "./places.js";

/** What the command says, given the source of a plugin. */
function said(source, more = {}) {
  const made = folder({ "plugin.js": source, "package.json": manifest({}), ...more });
  vendor(made);
  return build(made, SDK);
}

function manifest(changed) {
  return JSON.stringify({
    name: "p",
    version: "1.0.0",
    type: "module",
    main: "plugin.js",
    imports: { "#sdk": "./vendor/anabranch-plugin/src/index.js" },
    ...changed,
  });
}

function build(made, sdk, ...args) {
  const { stderr, stdout, status } = spawnSync(process.execPath, [join(sdk, "build.js"), ...args], { cwd: made, encoding: "utf8" });
  return status === 0 ? `built ${stdout}` : stderr;
}

const PLUGIN = 'import { plugin } from "#sdk";\n';
const DONE = "export default plugin({ record: (record) => record.keep() });\n";

test("what cannot be had is named, with what to do instead", () => {
  assert.equal(
    said(`${PLUGIN}import { readFileSync } from "node:fs";\n${DONE}console.log(readFileSync);`),
    "error: plugin.js:2:30: `node:fs` is a module of Node, which a plugin has not\n" +
      "hint: a plugin reaches nothing but `log` and `count`: give it what it needs as a parameter of the job, or import the file as JSON\n",
  );
  assert.match(said(`${PLUGIN}import crypto from "crypto";\n${DONE}console.log(crypto);`), /plugin\.js:2:20: `crypto` is a module of Node.*\nhint: use a package that is written in JavaScript/);
  assert.match(said(`${PLUGIN}import addon from "./addon.node";\n${DONE}console.log(addon);`, { "addon.node": "" }), /`\.\/addon\.node` is a native addon/);
  assert.match(
    said(`${PLUGIN}import deep from "deep";\n${DONE}console.log(deep);`, {
      "node_modules/deep/package.json": '{"name":"deep","version":"1.0.0","main":"index.js"}',
      "node_modules/deep/index.js": 'module.exports = require("net");',
    }),
    /node_modules\/deep\/index\.js:1:26: `net` is a module of Node, which a plugin has not, and node_modules\/deep\/index\.js imports it/,
  );
  assert.match(said(`${PLUGIN}import lost from "lost";\n${DONE}console.log(lost);`), /Could not resolve "lost"\nhint: npm install lost/);
});

test("globals that cannot be had are found where they are used", () => {
  assert.equal(
    said(`${PLUGIN}export default plugin({\n  record(record) {\n    fetch("x");\n    return record.keep();\n  },\n});\n`),
    "error: plugin.js:4:5: `fetch` is not to be had in a plugin\n" +
      "hint: a plugin reaches nothing but `log` and `count`: what it would fetch has to be a parameter of the job or part of the plugin\n",
  );
  assert.match(said(`${PLUGIN}const key = process.env.KEY;\n${DONE}export { key };\n`), /plugin\.js:2:13: `process` is not to be had/);
  assert.match(said(`${PLUGIN}export default plugin({ record(record) { record.x = Buffer.from("a"); return record.keep(); } });`), /`Buffer` is not to be had in a plugin\nhint: use `Uint8Array`/);
});

test("what is no plugin is said at once", () => {
  assert.match(said("export const x = 1;"), /is no plugin: it has no default export that `plugin` made/);
  assert.match(said(`${PLUGIN}export default plugin({ reads: ["keys"], record: (record) => record.keep() });`), /is no plugin: `reads` names "keys"/);
  assert.match(said(`${PLUGIN}${DONE}throw new Error("at the top");`), /is no plugin: at the top, at plugin\.js:\d+:\d+/);
  assert.match(said("export default {;"), /^error: plugin\.js:1:17: /);
  assert.match(said(`${PLUGIN}${DONE}`, { "package.json": manifest({ version: undefined }) }), /the plugin has no version\nhint: add "version" to its package\.json/);
  assert.match(said("", { "package.json": manifest({ main: undefined }) }), /does not say where the plugin is\nhint: add `"main": "plugin\.js"`/);
  assert.match(said("", { "package.json": manifest({ main: "other.js" }) }), /names `other\.js` as `main`, which is not there/);
  assert.match(said("", { "package.json": "{" }), /is no package\.json/);
  const made = folder({ "plugin.js": "" });
  assert.match(build(made, SDK, "missing.js"), /there is no `missing\.js`/);
  assert.match(build(made, SDK, "--wat"), /^error: Unknown option '--wat'/);
  assert.match(build(made, SDK, "a", "b"), /one plugin is built at a time/);
  assert.match(build(made, SDK, "--help"), /^built anabranch-plugin \[package\.json \| FILE\] \[-o OUT\.wasm\]/);
});

test("what builds plugins is named where it is missing, or is another version", () => {
  const made = mkdtempSync(join(tmpdir(), "anabranch-tools-"));
  writeFileSync(join(made, "package.json"), manifest({}));
  writeFileSync(join(made, "plugin.js"), PLUGIN + DONE);
  vendorCopy(made);
  const sdk = join(made, "vendor/anabranch-plugin");
  const install = "hint: npm install --save-dev componentize-qjs@0.4.5 esbuild@0.28.2\n";
  const missing = (name) => `error: \`${name}\` is needed to build plugins, and not installed\n${install}`;
  assert.equal(build(made, sdk), missing("componentize-qjs"));
  const put = (name, version) => {
    mkdirSync(join(made, "node_modules", name), { recursive: true });
    writeFileSync(join(made, "node_modules", name, "package.json"), JSON.stringify({ name, version, main: "index.cjs" }));
    writeFileSync(join(made, "node_modules", name, "index.cjs"), "");
  };
  put("componentize-qjs", "0.3.0");
  assert.equal(
    build(made, sdk),
    "error: `componentize-qjs` 0.3.0 is installed, and plugins are built with 0.4.5\n" +
      "hint: npm install --save-dev componentize-qjs@0.4.5\n",
  );
  put("componentize-qjs", "0.4.6");
  assert.equal(build(made, sdk), missing("esbuild"));
  put("esbuild", "1.0.0");
  assert.match(build(made, sdk), /`esbuild` 1\.0\.0 is installed, and plugins are built with 0\.28\.2/);
});

test("an error is told with its places in the author's sources", () => {
  // Generated line 2 begins with column 0 of line 8 of the second source, and from column 10 on with line 3 of the first.
  globalThis[SOURCE_MAP] = { mappings: ";ACOA,UDLA", sources: ["order.ts", "plugin.ts"], own: [0, 1] };
  const error = new TypeError("x is null");
  try {
    error.stack = "    at parse (componentize-qjs:user.js:2:12)\n    at record (componentize-qjs:user.js:2:3)\n    at eachRecord (componentize-qjs:user.js:1:1)\n    at map (native)\n";
    assert.equal(tell(error), "TypeError: x is null at `parse` (order.ts:3:1), from `record` (plugin.ts:8:1)");
    globalThis[SOURCE_MAP].own = [0];
    assert.equal(tell(error), "TypeError: x is null at `parse` (order.ts:3:1)");
  } finally {
    delete globalThis[SOURCE_MAP];
  }
  assert.equal(tell(error), "TypeError: x is null");
  assert.equal(tell("text"), '"text" was thrown');
  assert.equal(tell(Object.create(null)), "object was thrown");
});
