import { InputError, InputErrors } from "@retool-ts/core";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type Pair } from "yaml";
import { inputName, readInput } from "../shell/standard-input.js";
import type { Json } from "./merge-config.js";

/** A YAML file with the places of what is in it. */
export class ConfigFile {
  /** Its path, or `stdin`. */
  readonly name: string;
  readonly content: { readonly [key: string]: Json };
  readonly #document: Document;
  readonly #lines: LineCounter;

  private constructor(name: string, document: Document, lines: LineCounter) {
    this.name = name;
    this.content = (document.toJS() ?? {}) as { [key: string]: Json };
    this.#document = document;
    this.#lines = lines;
  }

  /**
   * Reads a file; `-` is standard input.
   *
   * @throws InputErrors for all that is no YAML, each with line and column.
   */
  static async read(path: string): Promise<ConfigFile> {
    return ConfigFile.parse(await readText(path), inputName(path));
  }

  /** @throws InputErrors for all that is no YAML. */
  static parse(text: string, name: string, what = "config"): ConfigFile {
    const lines = new LineCounter();
    const document = parseDocument(text, { prettyErrors: true, lineCounter: lines });
    if (document.errors.length > 0) {
      throw new InputErrors(
        document.errors.map(({ message, linePos }) => ({
          what,
          where: linePos === undefined ? name : `${name}:${linePos[0].line}:${linePos[0].col}`,
          expected: "valid YAML",
          found: message.split("\n")[0]!.replace(/ at line .*$/, ""),
          fix: "correct that line",
        })),
      );
    }
    if (document.contents !== null && !isMap(document.contents)) {
      const problem = { what, where: name, expected: "a mapping of keys", found: "something else" };
      throw new InputError({ ...problem, fix: "write keys and values" });
    }
    return new ConfigFile(name, document, lines);
  }

  /** `file:line:column` of a key, or of its value; of the nearest thing around it that is in the file. */
  place(path: readonly PropertyKey[], part: "key" | "value"): string {
    const [offset] = this.#find(path, part)?.range ?? [];
    if (offset === undefined) return this.name;
    const { line, col } = this.#lines.linePos(offset);
    return `${this.name}:${line}:${col}`;
  }

  /** True where the file has the key, or a part of it. */
  has(path: readonly PropertyKey[]): boolean {
    return path.length > 0 && this.#find(path.slice(0, 1), "key") !== undefined;
  }

  #find(path: readonly PropertyKey[], part: "key" | "value"): Node | undefined {
    let node: Node | null | undefined = this.#document.contents;
    let found: Node | undefined;
    for (const [depth, key] of path.entries()) {
      let value: Node | null | undefined;
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key)) as Pair<Node, Node | null> | undefined; // prettier-ignore
        if (pair === undefined) break;
        value = pair.value;
        found = part === "value" && depth === path.length - 1 && value !== null ? value : pair.key;
      } else if (isSeq(node)) {
        value = node.items[Number(key)] as Node | undefined;
        if (value === undefined) break;
        found = value;
      } else break;
      node = value;
    }
    return found;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readInput(path);
  } catch (error) {
    const { code } = error as { readonly code?: string };
    const found = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a folder" : (code ?? String(error));
    const problem = { what: "config", where: path, expected: "a readable YAML file", found, fix: "check the path after --config" };
    throw new InputError(problem, { cause: error });
  }
}
