/**
 * The sandbox for browsers: the same QuickJS, limits and results, in Web Workers and without anything of Node.
 *
 * @packageDocumentation
 */
export * from "../common-exports.js";
export { createSandbox, type BrowserSandboxOptions } from "./create-sandbox.js";
