import { InputError } from "@retool-ts/core";

/** A library that worlds may begin with, see {@link SandboxOptions.preload}. */
export type PreloadName = "fraction" | "decimal" | "nerdamer";

/** A library as a world takes it up: a script in the manner of CommonJS. */
export interface LibrarySource {
  readonly name: PreloadName;
  readonly source: string;
}

/** All of {@link PreloadName}. */
export const PRELOADS: readonly PreloadName[] = ["fraction", "decimal", "nerdamer"];

/** The names, each once and in one order, so that equal sets give equal worlds; throws {@link InputError} on an unknown one. */
export function checkedPreload(names: readonly string[]): PreloadName[] {
  for (const name of names) {
    if ((PRELOADS as readonly string[]).includes(name)) continue;
    const expected = `names out of ${PRELOADS.join(", ")}`;
    throw new InputError({ what: "sandbox", where: "preload", expected, found: String(name), fix: "remove it or mend its name" });
  }
  return PRELOADS.filter((name) => names.includes(name));
}

/** A function expression that evaluates the library, and gives back what it exports or the variable it declares. */
export function libraryExpression({ name, source }: LibrarySource): string {
  return `(function () {\nvar module = { exports: {} }, exports = module.exports;\n${source}\nreturn typeof ${name} === "undefined" ? module.exports : ${name};\n})()`;
}
