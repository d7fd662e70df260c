import { createRequire } from "node:module";

/** Of the package this file is in, be it source or build. */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)("retool/package.json") as { readonly version: string };
  return version;
}
