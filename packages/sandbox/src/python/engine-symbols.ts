import type { EngineInstance } from "../web-assembly.js";

/** A value of the linker: a function, a global variable, a memory, a table, a tag. */
export type Linked = ((...args: never[]) => unknown) | object | number;

/** What an engine imports and exports, as it was when it had started: linked modules import from both, by the first of the names. */
export class EngineSymbols {
  readonly imports: ReadonlyMap<string, Linked>;
  readonly exports: ReadonlyMap<string, Linked>;

  /** @param imports - the engine's imports, to which its loader adds the exports. */
  constructor(imports: Readonly<Record<string, unknown>>, { exports }: EngineInstance) {
    this.imports = new Map(Object.entries(imports) as [string, Linked][]);
    this.exports = new Map(Object.entries(exports) as [string, Linked][]);
  }
}
