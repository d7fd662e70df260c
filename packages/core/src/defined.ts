/** An object whose undefined values are left out: such keys become optional, and no value is undefined any more. */
export type Defined<T extends object> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * A copy without the keys whose value is undefined, for options that must be absent rather than undefined.
 *
 * @example
 * ```ts test
 * import { defined } from "@retool-ts/core";
 *
 * const signal: string | undefined = undefined;
 * defined({ name: "run", signal }); // => { name: "run" }
 * ```
 */
export function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
