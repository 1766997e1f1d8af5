// What a job file may say to a plugin: declared to the host, and read from what the job file gives.

import { ConfigurationError } from "./rejection.js";

/** The types of parameters in a job file, and whether a value is of one. */
const TYPES = {
  text: (value) => typeof value === "string",
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  texts: (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
  any: () => true,
};

const KEYS = ["type", "default", "required", "help"];

/** The parameters of a plugin as the interface describes them. */
export function describeParameters(declared = {}) {
  if (typeof declared !== "object" || declared === null || Array.isArray(declared)) {
    throw new TypeError("`parameters` has an entry for each parameter, as in { prefix: { type: \"text\" } }");
  }
  return Object.entries(declared).map(([name, parameter]) => {
    const wrong = (message) => new TypeError(`the parameter \`${name}\` ${message}`);
    const { type, default: standard, required = false, help = "" } = parameter ?? {};
    if (!Object.hasOwn(TYPES, type)) {
      throw wrong(`needs a \`type\`, one of ${Object.keys(TYPES).join(", ")}`);
    }
    const unknown = Object.keys(parameter).find((key) => !KEYS.includes(key));
    if (unknown !== undefined) {
      throw wrong(`has \`${unknown}\`; it can have ${KEYS.join(", ")}`);
    }
    if (typeof required !== "boolean" || typeof help !== "string") {
      throw wrong("has a `required` that is true or false, and a `help` that is text");
    }
    if (standard !== undefined && required) {
      throw wrong("is required and has a default");
    }
    if (standard !== undefined && !TYPES[type](standard)) {
      throw wrong(`is of type ${type}, which its default is not`);
    }
    return {
      name,
      kind: type,
      required,
      default: standard === undefined ? undefined : JSON.stringify(standard),
      help,
    };
  });
}

/**
 * The parameters from a JSON object, in which the host has filled in the defaults. One that is not given is not there.
 */
export function readParameters(declared = {}, json) {
  const values = JSON.parse(json);
  for (const [name, value] of Object.entries(values)) {
    if (declared[name]?.type === "integer" && !Number.isSafeInteger(value)) {
      const most = Number.MAX_SAFE_INTEGER;
      throw new ConfigurationError(`must lie between -${most} and ${most}, which JavaScript holds exactly`, name);
    }
  }
  return values;
}

/** The JSON object that the host would hand over for what a test gives, or what it would say instead. */
export function fillIn(declared = {}, given) {
  const filled = {};
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(declared, name)) {
      throw new ConfigurationError(`the plugin takes no parameter \`${name}\``, name);
    }
    if (!TYPES[declared[name].type](value)) {
      throw new ConfigurationError(`must be of type ${declared[name].type}`, name);
    }
    filled[name] = value;
  }
  for (const [name, { default: standard, required }] of Object.entries(declared)) {
    if (!Object.hasOwn(filled, name)) {
      if (required) {
        throw new ConfigurationError("is required and not given", name);
      }
      if (standard !== undefined) {
        filled[name] = standard;
      }
    }
  }
  return JSON.stringify(filled);
}
