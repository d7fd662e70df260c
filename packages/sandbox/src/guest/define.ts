import { defineProperty } from "./intrinsics.js";

/** A global that model code may redefine and that `for…in` over the global object does not list. */
export function define(world: object, name: string, value: unknown): void {
  defineProperty(world, name, { value, writable: true, enumerable: false, configurable: true });
}
