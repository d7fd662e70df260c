import { define } from "./define.js";
import * as real from "./intrinsics.js";

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Puts what the engine lacks into the world: grouped `toLocaleString`, `btoa`, `atob`, `structuredClone`. */
export function installText(world: object): void {
  define(Number.prototype, "toLocaleString", function (this: number, _locale?: unknown, options?: Digits) {
    return grouped(this, options ?? {});
  });
  define(BigInt.prototype, "toLocaleString", function (this: bigint) {
    return group(`${this}`);
  });
  define(world, "btoa", toBase64);
  define(world, "atob", fromBase64);
  define(world, "structuredClone", (value: unknown) => clone(value, new real.RealMap()));
}

interface Digits {
  readonly minimumFractionDigits?: number;
  readonly maximumFractionDigits?: number;
}

function grouped(value: number, { minimumFractionDigits = 0, maximumFractionDigits }: Digits): string {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e21) return `${value}`;
  const most = maximumFractionDigits ?? Math.max(3, minimumFractionDigits);
  const [whole = "0", fraction = ""] = Math.abs(value).toFixed(most).split(".");
  let kept = fraction.length;
  while (kept > minimumFractionDigits && fraction[kept - 1] === "0") kept--;
  const tail = kept > 0 ? `.${fraction.slice(0, kept)}` : "";
  return `${value < 0 ? "-" : ""}${group(whole)}${tail}`;
}

function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

function toBase64(text: unknown): string {
  const bytes = `${text}`;
  let result = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const codes = [bytes.charCodeAt(i), bytes.charCodeAt(i + 1), bytes.charCodeAt(i + 2)].map((code) => code || 0);
    if (codes.some((code) => code > 255)) throw new RangeError("btoa: characters must lie in 0…255");
    const word = (codes[0]! << 16) | (codes[1]! << 8) | codes[2]!;
    for (let k = 0; k < 4; k++) result += i + k > bytes.length ? "=" : BASE64[(word >> (18 - 6 * k)) & 63];
  }
  return result;
}

function fromBase64(text: unknown): string {
  let result = "";
  let word = 0;
  let bits = 0;
  for (const letter of `${text}`.replace(/\s+|=+$/g, "")) {
    const value = BASE64.indexOf(letter);
    if (value < 0) throw new RangeError("atob: the text is not base64");
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) result += String.fromCharCode((word >> (bits -= 8)) & 255);
  }
  return result;
}

function clone(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value === "function" || typeof value === "symbol")
    throw new TypeError("structuredClone: functions and symbols cannot be cloned");
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const keep = <T extends object>(copy: T): T => {
    seen.set(value, copy);
    return copy;
  };
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof Map) {
    const copy = keep(new Map());
    for (const [key, item] of value) copy.set(clone(key, seen), clone(item, seen));
    return copy;
  }
  if (value instanceof Set) {
    const copy = keep(new Set());
    for (const item of value) copy.add(clone(item, seen));
    return copy;
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return keep((value as Uint8Array).slice());
  const copy: Record<string, unknown> = keep(Array.isArray(value) ? (new Array(value.length) as never) : {});
  for (const key of Object.keys(value)) copy[key] = clone((value as Record<string, unknown>)[key], seen);
  return copy;
}
