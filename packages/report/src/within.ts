import type { Html } from "./html.js";

/** As many of the parts as fit, made one after the other; never less than one. */
export function within(bytes: number, parts: readonly (() => Html)[]): Html[] {
  const made: Html[] = [];
  let used = 0;
  for (const part of parts) {
    const next = part();
    used += Buffer.byteLength(next.markup);
    if (used > bytes && made.length > 0) break;
    made.push(next);
  }
  return made;
}
