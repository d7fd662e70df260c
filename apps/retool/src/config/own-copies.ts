import { register } from "node:module";

/**
 * Resolves the packages that a plugin shares with this program to the program's own copies, wherever the plugin stands: a tensor of
 * another copy of tfjs is none here, and beside a program that is installed elsewhere there is no copy at all. Runs on Node's loader
 * thread, so it is text; modules of packages are left alone.
 */
const HOOKS = `
let own;
export function initialize(data) { own = data.own; }
export async function resolve(specifier, context, next) {
  const { parentURL } = context; // Node keeps what the first call of next was given
  const isShared = /^(?:@retool-ts\\/|retool(?:\\/|$)|@tensorflow\\/tfjs)/.test(specifier);
  if (!isShared || parentURL === undefined || parentURL.includes("/node_modules/")) return next(specifier, context);
  try {
    return await next(specifier, { ...context, parentURL: own });
  } catch {
    return next(specifier, { ...context, parentURL });
  }
}
`;

let isRegistered = false;

/** Lets plugins import what this program has. Once is enough. */
export function shareOwnCopies(): void {
  if (isRegistered) return;
  isRegistered = true;
  register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, { parentURL: import.meta.url, data: { own: import.meta.url } });
}
