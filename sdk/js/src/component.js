// Makes a component's export of a plugin. What it throws becomes its failure, with the place in its own sources: a
// trap would carry neither.

import { given, taken } from "./crossing.js";
import { listen } from "./host.js";
import { ConfigurationError } from "./rejection.js";
import { tell } from "./stack.js";

/** The interface's `guest`. `packaged` is what the plugin's package says of it; `host` is the interface's. */
export function exportGuest(plugin, packaged, host) {
  listen(host);
  const { description } = plugin;
  let state;
  let configured = false;
  return {
    describe: () => ({
      ...description,
      name: description.name ?? packaged.name,
      version: description.version ?? packaged.version,
      summary: description.summary ?? packaged.summary,
    }),
    configure(context, parameters) {
      try {
        state = plugin.configure(
          { ...context, sourcePartition: context.sourcePartition ?? null, seed: BigInt(context.seed) },
          parameters,
        );
        configured = true;
      } catch (error) {
        // What is thrown crosses as it is.
        throw error instanceof ConfigurationError
          ? { parameter: error.parameter ?? null, message: error.message }
          : { parameter: null, message: `\`configure\` failed with ${tell(error)}` };
      }
    },
    process(batch) {
      try {
        if (!configured) {
          throw new Error("`process` was called before `configure`");
        }
        return given(plugin.process(taken(batch), state));
      } catch (error) {
        throw tell(error);
      }
    },
  };
}
