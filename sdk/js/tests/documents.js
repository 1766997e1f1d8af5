// The guide's code runs, a new project passes its own tests, and the types are those that the documents show.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { folder, rendered, SDK, TOOLS, vendor, vendorCopy, WORKSPACE } from "./places.js";

/** What a command prints, or an error with it. */
function output(command, args, cwd) {
  // The runner would have a runner within it report to it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  try {
    return execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    throw new Error(`${command} ${args.join(" ")}: ${error.stdout}${error.stderr}`);
  }
}

const passed = (said) => Number(/^# pass (\d+)$/m.exec(said)[1]);

/** The blocks of the guide by their language, and by the file that they name in their first line. */
function blocks(page) {
  return [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, text]) => ({
    language,
    text,
    file: /^(?:\/\/|#) (\S+\.(?:js|ts|toml))$/m.exec(text.split("\n")[0])?.[1],
  }));
}

const STRICT = {
  strict: true,
  noEmit: true,
  module: "nodenext",
  target: "es2023",
  types: ["node"],
  typeRoots: [join(TOOLS, "node_modules/@types")],
  skipLibCheck: false,
};

function check(made, include, options = {}) {
  return output(
    process.execPath,
    [join(TOOLS, "node_modules/typescript/bin/tsc"), "-p", writeConfig(made, include, options)],
    made,
  );
}

function writeConfig(made, include, options) {
  const written = folder({ "tsconfig.json": JSON.stringify({ compilerOptions: { ...STRICT, ...options }, include: include.map((file) => join(made, file)) }) });
  return join(written, "tsconfig.json");
}

test("the code of the guide runs", () => {
  const all = blocks(readFileSync(join(WORKSPACE, "docs/plugin-guide-javascript.md"), "utf8"));
  const files = Object.fromEntries(all.filter(({ file }) => file?.match(/[jt]s$/)).map(({ file, text }) => [file, text]));
  const json = all.filter(({ language }) => language === "json");
  assert.equal(json.length, 1);
  const unnamed = all.filter(({ language, file }) => ["js", "ts"].includes(language) && file === undefined);
  assert.deepEqual(unnamed, [], "blocks of code that name no file");
  const even = `
    import assert from "node:assert/strict";
    import { test } from "node:test";
    import { record, run } from "#anabranch-plugin/testing";
    import even from "./even.js";
    test("even offsets stay", () => {
      assert.deepEqual(run(even, {}, ["0", "1", "2"].map((n) => record(null, n))).sources, [0, 2]);
    });`;
  const made = folder({ ...files, "package.json": json[0].text, "even.test.js": even });
  vendor(made);
  assert.equal(passed(output(process.execPath, ["--test", ...Object.keys(files).filter((file) => file.endsWith(".test.js")), "even.test.js"], made)), 3);
  check(made, ["lines.ts", "plugin.js", "thin.js", "even.js"], { allowJs: true, checkJs: true });
});

test("a new project passes its own tests, with nothing installed, and its types are right", () => {
  const made = folder(rendered("drop-test-users"));
  vendorCopy(made);
  assert.equal(passed(output(process.execPath, ["--test"], made)), 2);
  check(made, ["plugin.js", "plugin.test.js"], { allowJs: true, checkJs: true });
  const manifest = JSON.parse(readFileSync(join(made, "package.json"), "utf8"));
  const pinned = JSON.parse(readFileSync(join(SDK, "package.json"), "utf8")).devDependencies;
  for (const [name, version] of Object.entries(manifest.devDependencies)) {
    assert.equal(version, pinned[name], `the template installs the ${name} that is tested here`);
  }
  const guide = readFileSync(join(WORKSPACE, "docs/plugin-guide-javascript.md"), "utf8");
  assert.deepEqual(JSON.parse(blocks(guide).find(({ language }) => language === "json").text).devDependencies, manifest.devDependencies);
});

test("the plugin in the README runs", () => {
  const readme = readFileSync(join(WORKSPACE, "README.md"), "utf8");
  const { text } = blocks(readme).find(({ language }) => language === "js");
  const drops = `
    import assert from "node:assert/strict";
    import { test } from "node:test";
    import { record, run } from "#anabranch-plugin/testing";
    import plugin from "./plugin.js";
    test("test users are dropped", () => {
      assert.deepEqual(run(plugin, {}, [record("test-1", "a"), record("2", "b")]).dropped, [{ input: 0, reason: "test user" }]);
    });`;
  const made = folder({ ...rendered("drop-test-users"), "plugin.js": text, "plugin.test.js": drops });
  vendor(made);
  assert.equal(passed(output(process.execPath, ["--test", "plugin.test.js"], made)), 1);
});

test("the smallest useful plugin has ten lines at most", () => {
  assert.ok(rendered("a")["plugin.js"].trimEnd().split("\n").length <= 10);
});

test("types hold authors to what plugins are", () => {
  const made = folder({ "package.json": JSON.stringify({ type: "module", imports: { "#sdk": "./vendor/anabranch-plugin/src/index.js", "#testing": "./vendor/anabranch-plugin/src/testing/index.js" } }) , "types.ts": readFileSync(join(SDK, "tests/types.ts"), "utf8") });
  vendor(made);
  check(made, ["types.ts"]);
});
