/**
 * Training and sampling on other machines over the Tinker API. The wire format is in `@retool-ts/tinker/wire`.
 *
 * @packageDocumentation
 */
export { WireError } from "./wire/wire-error.js";
