/**
 * A page on which a small language model learns to use a tool, in the browser itself, and a server for it.
 *
 * @packageDocumentation
 */
export { playgroundFolder, servePlayground, type PlaygroundOptions } from "./serve-playground.js";
