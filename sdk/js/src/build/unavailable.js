// What cannot be had in a plugin, and what to use instead.

import { builtinModules } from "node:module";

const NOTHING = "a plugin reaches nothing but `log` and `count`";

/** Modules of Node with a remedy of their own. */
const MODULES = {
  fs: `${NOTHING}: give it what it needs as a parameter of the job, or import the file as JSON`,
  buffer: "use `Uint8Array`, `TextEncoder` and `TextDecoder`",
  util: "`TextEncoder` and `TextDecoder` are there without an import",
  url: "use a package that is written in JavaScript and needs nothing of Node",
  crypto: "use a package that is written in JavaScript, for instance `@noble/hashes`",
  path: "use a package that is written in JavaScript, for instance `pathe`",
  assert: "throw an error instead",
  events: "use a package that is written in JavaScript, for instance `eventemitter3`",
};

/** Globals that Node has and a plugin has not. */
export const GLOBALS = {
  fetch: `${NOTHING}: what it would fetch has to be a parameter of the job or part of the plugin`,
  XMLHttpRequest: `${NOTHING}, and so no network`,
  WebSocket: `${NOTHING}, and so no network`,
  Worker: "there is one thread",
  Intl: "there are no locales: the engine knows one way to write a number or a date",
  URL: "use a package that is written in JavaScript and needs nothing of Node",
  URLSearchParams: "use a package that is written in JavaScript and needs nothing of Node",
  structuredClone: "`JSON.parse(JSON.stringify(value))` copies what is made of JSON",
  crypto: "use a package that is written in JavaScript, for instance `@noble/hashes`",
  process: "there is no environment and no command line: declare a parameter",
  Buffer: "use `Uint8Array`, `TextEncoder` and `TextDecoder`",
  require: "use `import`",
  __dirname: `${NOTHING}, and so no folder`,
  __filename: `${NOTHING}, and so no file`,
  setTimeout: "nothing runs after a handler has returned",
  setInterval: "nothing runs after a handler has returned",
  setImmediate: "nothing runs after a handler has returned",
};

/** What to do instead of importing a module that is not to be had; null for one that may be. */
export function remedy(specifier) {
  const name = specifier.replace(/^node:/, "");
  if (specifier.startsWith("node:") || builtinModules.includes(name)) {
    return { what: "is a module of Node, which a plugin has not", hint: MODULES[name.split("/")[0]] ?? NOTHING };
  }
  if (specifier.endsWith(".node")) {
    return {
      what: "is a native addon, which cannot run in WebAssembly",
      hint: "use a package that is written in JavaScript, or one that is compiled into JavaScript",
    };
  }
  if (specifier.endsWith(".wasm") || /^(bun|deno|wasi|https?):/.test(specifier)) {
    return { what: "cannot be had in a plugin", hint: NOTHING };
  }
  return null;
}
