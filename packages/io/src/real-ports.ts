// The ports that a client needs, and nothing else: a command that runs for a moment does not load the rest of this package.
export { realRandom } from "./random.ts";
export { realClock } from "./real-clock.ts";
export { realNet } from "./real-net.ts";
export { realResolver } from "./resolver.ts";
