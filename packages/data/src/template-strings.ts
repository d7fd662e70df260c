import { isPlain, ternary, test, text, type Node } from "./template-nodes.js";

/** The name under which a rewritten template finds {@link pythonStrip}: no template can spell it. */
export const STRIP = "strip as Python";

const METHODS: ReadonlySet<unknown> = new Set(["strip", "lstrip", "rstrip"]);

/**
 * A parsed Jinja template in which `x.strip(chars)`, `x.lstrip(chars)`, `x.rstrip(chars)` and `x | trim` are calls of {@link pythonStrip}:
 * the methods of the library take no characters, and JavaScript's blanks are not Python's.
 */
export function withPythonStrips<T>(node: T): T {
  if (Array.isArray(node)) return node.map(withPythonStrips) as T;
  if (typeof node !== "object" || node === null) return node;
  for (const [key, value] of Object.entries(node)) Object.assign(node, { [key]: withPythonStrips(value) });
  return (stripCall(node as Node) ?? node) as T;
}

function stripCall(node: Node): Node | undefined {
  if (node["type"] === "CallExpression") {
    const callee = node["callee"] as Node;
    const method = (callee["property"] as Node | undefined)?.["value"];
    const isMethod = callee["type"] === "MemberExpression" && callee["computed"] !== true && METHODS.has(method);
    return isMethod ? call(callee["object"], String(method), node["args"] as readonly unknown[]) : undefined;
  }
  if (node["type"] !== "FilterExpression") return undefined;
  const filter = node["filter"] as Node;
  if (filter["type"] === "Identifier") return filter["value"] === "trim" ? trimmed(node["operand"] as Node, []) : undefined;
  const isTrim = (filter["callee"] as Node | undefined)?.["value"] === "trim";
  return isTrim ? trimmed(node["operand"] as Node, filter["args"] as readonly unknown[]) : undefined;
}

/** `operand | trim`, which makes a text of null and of what is missing, where the operand can be looked up twice. */
function trimmed(operand: Node, args: readonly unknown[]): Node {
  const stripped = call(operand, "strip", args);
  if (!isPlain(operand)) return stripped;
  return ternary(test(operand, "none"), text("None"), ternary(test(operand, "defined"), stripped, text("")));
}

function call(value: unknown, method: string, args: readonly unknown[]): Node {
  return { type: "CallExpression", callee: { type: "Identifier", value: STRIP }, args: [text(method), value, ...args] };
}

/** Python's blanks besides Unicode's white space, which has U+0085 and lacks U+FEFF. */
const SEPARATORS = "\u001c\u001d\u001e\u001f";

const isBlank = (character: string) => /\p{White_Space}/u.test(character) || SEPARATORS.includes(character);

/**
 * Python's `str.strip`, `lstrip` or `rstrip`: without characters, blanks.
 *
 * @throws Error when there is no text, as in Python.
 */
export function pythonStrip(method: string, text: unknown, chars?: unknown): string {
  if (typeof text !== "string") throw new Error(`a text to ${method} is missing or is no text`);
  const characters = Array.from(text);
  const isCut = typeof chars === "string" ? (character: string) => chars.includes(character) : isBlank;
  let [start, end] = [0, characters.length];
  if (method !== "rstrip") while (start < end && isCut(characters[start]!)) start++;
  if (method !== "lstrip") while (start < end && isCut(characters[end - 1]!)) end--;
  return characters.slice(start, end).join("");
}
