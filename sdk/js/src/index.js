// Write Anabranch plugins in JavaScript or TypeScript. What each of these does stands in `index.d.ts`.

export { count, log } from "./host.js";
export { plugin } from "./plugin.js";
export { ConfigurationError, Rejection } from "./rejection.js";
