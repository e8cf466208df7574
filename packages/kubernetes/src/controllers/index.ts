export { startControllers, type ControllersOptions } from "./start-controllers.ts";
export { ensureBootstrapObjects, type BootstrapOptions } from "./bootstrap.ts";
