// What is wrong with a plugin or with what builds it, for its author.

/** An error whose message says all; `hint` says what to do. */
export class BuildFailure extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}
