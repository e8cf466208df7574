/**
 * Stands for the `ordinal` process: starts the case runner in a lab's namespaces and passes messages on. A process of its
 * own, so that tests can run it as another user, and kill it.
 */
import { startInLabNamespaces } from "../../packages/kubernetes/src/runtime/lab-namespaces.ts";

process.on("disconnect", () => process.exit(0));
const runner = startInLabNamespaces([
  process.execPath,
  `${import.meta.dirname}/case-runner.ts`,
  ...process.argv.slice(2),
]);
runner.on("message", (message) => process.send?.(message));
runner.on("exit", () => process.exit(1));
process.on("message", (message: object) => runner.send(message));
