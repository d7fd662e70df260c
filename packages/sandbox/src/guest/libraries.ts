import { define } from "./define.js";
import * as real from "./intrinsics.js";

/** Instances whose prototype is the first show as the second says. */
const shown: [prototype: object, show: (value: object) => unknown][] = [];

/** Name of each preloaded library, and the method that writes its values; none leaves it to `inspect`. */
const GLOBALS: Readonly<Record<string, readonly [name: string, method: string | undefined]>> = {
  fraction: ["Fraction", "toFraction"],
  decimal: ["Decimal", "toString"],
  nerdamer: ["nerdamer", undefined],
};

interface Library {
  readonly prototype?: object;
  readonly default?: Library;
}

/**
 * Puts a preloaded library into the world, under a name that model code may declare anew. Its functions are locked, so that a cell
 * cannot change what a value means by accident; settings such as `Decimal.set({ precision: 60 })` stay open.
 */
export function installLibrary(library: string, exports: Library): void {
  const [name, method] = GLOBALS[library]!;
  const { prototype } = exports;
  lockFunctions(exports);
  if (prototype !== undefined) lockFunctions(prototype);
  if (prototype !== undefined && method !== undefined) {
    const write = (prototype as Readonly<Record<string, () => string>>)[method]!;
    shown[shown.length] = [prototype, (value) => real.apply(write, value, [])];
  }
  define(globalThis, name, exports);
}

/** The text of a library's value; undefined for any other object, and for one that was tampered with. */
export function libraryText(object: object): string | undefined {
  for (let i = 0; i < shown.length; i++) {
    const [prototype, write] = shown[i]!;
    if (real.getPrototypeOf(object) !== prototype) continue;
    try {
      const text = write(object);
      return typeof text === "string" ? text : undefined;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** Functions of an object can no longer be replaced. `constructor` stays: libraries give each instance one of its own. */
function lockFunctions(object: object): void {
  for (const key of real.ownKeys(object)) {
    const property = real.getOwnPropertyDescriptor(object, key)!;
    if (key === "constructor" || typeof property.value !== "function" || !property.configurable) continue;
    real.defineProperty(object, key, { writable: false, configurable: false });
  }
}
