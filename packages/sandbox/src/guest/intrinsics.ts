/**
 * Built-ins as they were before any model code ran. The harness uses these alone, so that code which replaces
 * `JSON.stringify` or `Array.prototype.push` changes its own world and not how that world is reported.
 */
type Method<This, Args extends unknown[], Result> = (self: This, ...args: Args) => Result;

function uncurry<This, Args extends unknown[], Result>(method: (this: This, ...args: Args) => Result): Method<This, Args, Result> {
  return Function.prototype.call.bind(method) as Method<This, Args, Result>;
}

export const RealDate = Date;
export const RealPromise = Promise;
export const RealError = Error;
export const RealMap = Map;
export const RealString = String;
export const RealNumber = Number;
export const RealArray = Array;

export const { stringify } = JSON;
export const { isArray } = Array;
export const { apply, construct, getPrototypeOf, ownKeys, getOwnPropertyDescriptor, defineProperty } = Reflect;
export const { create, freeze, is } = Object;
export const { isSafeInteger } = Number;
export const { floor, imul, min } = Math;

export const hasOwn = uncurry(Object.prototype.hasOwnProperty as (this: unknown, key: PropertyKey) => boolean);
export const classTag = uncurry(Object.prototype.toString as (this: unknown) => string);
export const sliceText = uncurry(String.prototype.slice);
export const charCodeAt = uncurry(String.prototype.charCodeAt);
export const indexOfText = uncurry(String.prototype.indexOf as (this: string, text: string) => number);
export const startsWith = uncurry(String.prototype.startsWith as (this: string, text: string) => boolean);
export const functionText = uncurry(Function.prototype.toString);
export const numberToText = uncurry(Number.prototype.toString as (this: number, radix?: number) => string);
export const stringText = uncurry(String.prototype.toString);
export const symbolText = uncurry(Symbol.prototype.toString);
export const regExpText = uncurry(RegExp.prototype.toString);
export const isoDate = uncurry(Date.prototype.toISOString);
export const dateTime = uncurry(Date.prototype.getTime);
export const mapForEach = uncurry(
  Map.prototype.forEach as (this: Map<unknown, unknown>, each: (value: unknown, key: unknown) => void) => void,
);
export const setForEach = uncurry(Set.prototype.forEach as (this: Set<unknown>, each: (value: unknown) => void) => void);
export const onSettled = uncurry(
  Promise.prototype.then as (
    this: Promise<unknown>,
    onValue: ((value: unknown) => void) | undefined,
    onError: ((reason: unknown) => void) | undefined,
  ) => Promise<unknown>,
);

const sizeGetter = (prototype: object): ((self: unknown) => number) =>
  uncurry(getOwnPropertyDescriptor(prototype, "size")!.get as (this: unknown) => number);
export const mapSize = sizeGetter(Map.prototype);
export const setSize = sizeGetter(Set.prototype);
