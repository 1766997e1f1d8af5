// What a plugin throws on purpose. Everything else that it throws is its own failure.

/** A record that can neither pass nor be left out. */
export class Rejection extends Error {
  constructor(reason) {
    super(reason);
    this.name = "Rejection";
  }
}

/** Parameters that do not make sense. */
export class ConfigurationError extends Error {
  /** `parameter` is the name of the one at fault, if it is one. */
  constructor(message, parameter) {
    super(message);
    this.name = "ConfigurationError";
    this.parameter = parameter;
  }
}
