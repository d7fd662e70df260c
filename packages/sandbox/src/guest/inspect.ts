import * as real from "./intrinsics.js";
import { entriesOf, type Inspection } from "./inspect-entries.js";
import { libraryText } from "./libraries.js";
import { quote } from "./inspect-text.js";

/** Containers around a value above which it shows as `[Object]` or `[Array]`. */
const MAX_DEPTH = 4;

/** A value as Node's REPL shows it, always on one line: at most 100 items a container and four levels. */
export function inspect(value: unknown): string {
  const inspection: Inspection = { path: [], circular: false, show };
  const text = show(value, inspection);
  return inspection.circular ? `<ref *1> ${text}` : text;
}

/** Shows a value inside an {@link Inspection}. */
function show(value: unknown, inspection: Inspection): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      return real.is(value, -0) ? "-0" : real.numberToText(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return real.symbolText(value);
    case "undefined":
    case "boolean":
      return `${value}`;
    case "function":
    case "object":
      return value === null ? "null" : showObject(value, inspection);
  }
}

function showObject(object: object, inspection: Inspection): string {
  const { path } = inspection;
  for (let i = 0; i < path.length; i++) {
    if (path[i] !== object) continue;
    if (i === 0) inspection.circular = true;
    return i === 0 ? "[Circular *1]" : "[Circular]";
  }
  const library = libraryText(object);
  if (library !== undefined) return library;
  const { prefix, open, close, entries, hidden } = entriesOf(object, inspection, path.length > MAX_DEPTH);
  if (hidden) return `[${real.isArray(object) ? "Array" : prefix || "Object"}]`;
  if (entries.length === 0) return open === "" ? prefix : `${prefix}${prefix && " "}${open}${close}`;
  let text = `${prefix}${prefix && " "}${open || "{"} `;
  for (let i = 0; i < entries.length; i++) text += (i > 0 ? ", " : "") + entries[i]!;
  return `${text} ${close || "}"}`;
}
