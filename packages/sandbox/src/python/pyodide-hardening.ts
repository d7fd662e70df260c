import net from "node:net";

/** Names that the interpreter's build still looks up once it is loaded; the language's own stay as well. */
const KEPT: ReadonlySet<string> = new Set(["performance", "crypto", "TextDecoder", "TextEncoder", "WebAssembly", "console", "globalThis"]);

/** The language's own names are those that a realm has which no host has touched. */
const LANGUAGE =
  "Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp Error AggregateError " +
  "EvalError RangeError ReferenceError SyntaxError TypeError URIError JSON Math Intl ArrayBuffer Atomics Uint8Array Int8Array Uint16Array " +
  "Int16Array Uint32Array Int32Array Float32Array Float64Array Uint8ClampedArray BigUint64Array BigInt64Array DataView Map BigInt Set " +
  "WeakMap WeakSet WeakRef Proxy Reflect FinalizationRegistry SharedArrayBuffer isFinite isNaN decodeURI decodeURIComponent encodeURI " +
  "encodeURIComponent escape unescape eval Iterator";

/** Never tells of anything. */
class SilentRegistry {
  register(): void {}
  unregister(): boolean {
    return false;
  }
}

/** Refuses what the interpreter's build asks Node for at its start, and every connection, and hides the program's path. */
export function hardenBeforeLoad(): void {
  const refuse = (): never => {
    throw new Error("there is no network here");
  };
  // A proxy that nobody holds would otherwise give its object back when this process's collector runs, in another memory than that it is of.
  Object.defineProperty(globalThis, "FinalizationRegistry", { value: SilentRegistry, configurable: true, writable: true });
  net.Socket.prototype.connect = refuse;
  net.Server.prototype.listen = refuse;
  process.argv.length = 1; // the name of the program, a path of this machine, would lie in the guest's memory
  // The build asks for `constants.fs` only; Node's permissions forbid the whole call.
  Object.defineProperty(process, "binding", { value: () => ({ constants: {}, fs: {} }), configurable: true });
}

/** Takes away every global that the loaded interpreter has no use for, so that an escape from Python finds no host. */
export function hardenAfterLoad(randomBytes: (view: Uint8Array) => Uint8Array): void {
  const kept = new Set([...KEPT, ...LANGUAGE.split(" ")]);
  const nothing = (): void => undefined;
  const silent = Object.freeze({ __proto__: null, log: nothing, warn: nothing, error: nothing, info: nothing, debug: nothing });
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!kept.has(name)) Reflect.deleteProperty(globalThis, name);
  }
  const replaced = {
    console: silent,
    crypto: Object.freeze({ __proto__: null, getRandomValues: randomBytes }),
    setTimeout: nothing,
    clearTimeout: nothing,
    process: Object.seal({ __proto__: null, exitCode: 0 }),
  };
  for (const [name, value] of Object.entries(replaced)) {
    Object.defineProperty(globalThis, name, { value, writable: false, configurable: false });
  }
}
