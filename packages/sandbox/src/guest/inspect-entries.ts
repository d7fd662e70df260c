import * as real from "./intrinsics.js";
import { quote, showKey } from "./inspect-text.js";

/** Items of one container that are shown. */
const MAX_ITEMS = 100;

/** Indices of one array that are looked at, which bounds the time a sparse one takes. */
const MAX_SCAN = 10_000;

/** One rendering of one value. */
export interface Inspection {
  /** The objects being shown, outermost first. */
  readonly path: object[];
  circular: boolean;
  /** Shows a value inside this rendering. */
  show(value: unknown, inspection: Inspection): string;
}

/** Layout of one object: `prefix open entry, entry close`. */
export interface Layout {
  readonly prefix: string;
  readonly open: string;
  readonly close: string;
  readonly entries: string[];
  /** True when the object lies too deep and only its kind is shown. */
  readonly hidden: boolean;
}

/** Classifies an object and shows its entries, unless `tooDeep`. */
export function entriesOf(object: object, inspection: Inspection, tooDeep: boolean): Layout {
  const tag = real.sliceText(real.classTag(object), 8, -1);
  const name = constructorName(object);
  const entries: string[] = [];
  const layout = (prefix: string, open: string, close: string): Layout => ({ prefix, open, close, entries, hidden: false });
  const head = leafHead(object, name);
  if (tooDeep && head === undefined) return { ...layout(real.isArray(object) ? "" : (name ?? ""), "", ""), hidden: true };
  inspection.path[inspection.path.length] = object;
  let result: Layout;
  if (real.isArray(object)) {
    showItems(object, object.length, entries, inspection);
    result = layout(name === "Array" ? "" : `${name ?? "[Array: null prototype]"}(${object.length})`, "[", "]");
  } else if (isTypedArray(object)) {
    showItems(object, object.length, entries, inspection);
    result = layout(`${name}(${object.length})`, "[", "]");
  } else if (isCollection(object, real.mapSize)) {
    showMap(object as Map<unknown, unknown>, entries, inspection);
    result = layout(`${name ?? "Map"}(${real.mapSize(object)})`, "{", "}");
  } else if (isCollection(object, real.setSize)) {
    showSet(object as Set<unknown>, entries, inspection);
    result = layout(`${name ?? "Set"}(${real.setSize(object)})`, "{", "}");
  } else if (head !== undefined) {
    result = layout(head, "", "");
  } else {
    result = layout(plainHead(name, tag, object), "{", "}");
  }
  showProperties(object, entries, inspection, real.isArray(object) || isTypedArray(object) || object instanceof String);
  inspection.path.length--;
  return result;
}

/** The word that stands for an object in place of its entries; undefined for all others. */
function leafHead(object: object, name: string | undefined): string | undefined {
  if (typeof object === "function") return functionHead(object as () => unknown);
  if (object instanceof real.RealError) return `[${errorHead(object)}]`;
  if (probe(real.dateTime, object)) {
    const time = real.dateTime(object as Date);
    return time === time ? real.isoDate(object as Date) : "Invalid Date";
  }
  if (name === "RegExp" && object instanceof RegExp) return real.regExpText(object);
  if (object instanceof real.RealPromise) return "Promise {}";
  if (object instanceof WeakMap || object instanceof WeakSet) return `${name} { <items unknown> }`;
  const boxed = unbox(object);
  return boxed === undefined ? undefined : `[${boxed}]`;
}

/** `TypeError: message`, read without trusting the object. */
export function errorHead(error: object): string {
  const name = readText(error, "name") || "Error";
  const message = readText(error, "message");
  return message === "" ? name : `${name}: ${message}`;
}

/** A property as text, or the empty string when it is not text or cannot be read. */
export function readText(object: object, key: string): string {
  try {
    const value = (object as Readonly<Record<string, unknown>>)[key];
    return typeof value === "string" ? value : "";
  } catch {
    return "";
  }
}

function functionHead(target: () => unknown): string {
  const text = real.functionText(target);
  const name = readText(target, "name");
  if (real.startsWith(text, "class")) {
    const parent = real.getPrototypeOf(target);
    const parentName = typeof parent === "function" ? readText(parent, "name") : "";
    return `[class ${name || "(anonymous)"}${parentName && ` extends ${parentName}`}]`;
  }
  const kind = constructorName(target) ?? "Function";
  return name ? `[${kind}: ${name}]` : `[${kind} (anonymous)]`;
}

function unbox(object: object): string | undefined {
  if (object instanceof Number) return `Number: ${real.numberToText(object as unknown as number)}`;
  if (object instanceof String) return `String: ${quote(real.stringText(object as unknown as string))}`;
  if (object instanceof Boolean) return `Boolean: ${object}`;
  return undefined;
}

function plainHead(name: string | undefined, tag: string, object: object): string {
  if (tag === "Arguments") return "[Arguments]";
  if (tag === "Math" || tag === "JSON" || tag === "Reflect") return `Object [${tag}]`;
  const ownTag = tag !== "Object" && tag !== name && tag !== "Error" ? `[${tag}]` : "";
  if (name === undefined) return `[Object: null prototype]${ownTag && ` ${ownTag}`}`;
  if (name === "Object" && real.getPrototypeOf(object) !== null) return ownTag && `Object ${ownTag}`;
  return ownTag ? `${name} ${ownTag}` : name;
}

function constructorName(object: object): string | undefined {
  for (let at: object | null = object; at !== null; at = real.getPrototypeOf(at)) {
    const found = real.getOwnPropertyDescriptor(at, "constructor");
    if (found === undefined || !real.hasOwn(found, "value") || typeof found.value !== "function") continue;
    const name = readText(found.value, "name");
    if (name !== "") return name;
  }
  return undefined;
}

function isTypedArray(object: object): object is object & ArrayLike<unknown> {
  return ArrayBuffer.isView(object) && !(object instanceof DataView);
}

function isCollection(object: object, size: (self: unknown) => number): boolean {
  return probe(size as (self: never) => unknown, object);
}

function probe(method: (self: never) => unknown, object: object): boolean {
  try {
    method(object as never);
    return true;
  } catch {
    return false;
  }
}

function showItems(items: ArrayLike<unknown>, length: number, entries: string[], inspection: Inspection): void {
  let holes = 0;
  const flush = (): void => {
    if (holes > 0) entries[entries.length] = `<${holes} empty item${holes > 1 ? "s" : ""}>`;
    holes = 0;
  };
  let i = 0;
  for (; i < length && i < MAX_SCAN && entries.length + (holes > 0 ? 1 : 0) < MAX_ITEMS; i++) {
    const own = real.getOwnPropertyDescriptor(items, i);
    if (own === undefined) {
      holes++;
      continue;
    }
    flush();
    if (entries.length < MAX_ITEMS) entries[entries.length] = showDescriptor(own, inspection);
    else break;
  }
  flush();
  if (i < length) entries[entries.length] = more(length - i);
}

function showMap(map: Map<unknown, unknown>, entries: string[], inspection: Inspection): void {
  real.mapForEach(map, (value, key) => {
    if (entries.length < MAX_ITEMS)
      entries[entries.length] = `${inspection.show(key, inspection)} => ${inspection.show(value, inspection)}`;
  });
  if (real.mapSize(map) > MAX_ITEMS) entries[entries.length] = more(real.mapSize(map) - MAX_ITEMS);
}

function showSet(set: Set<unknown>, entries: string[], inspection: Inspection): void {
  real.setForEach(set, (value) => {
    if (entries.length < MAX_ITEMS) entries[entries.length] = inspection.show(value, inspection);
  });
  if (real.setSize(set) > MAX_ITEMS) entries[entries.length] = more(real.setSize(set) - MAX_ITEMS);
}

function showProperties(object: object, entries: string[], inspection: Inspection, skipIndices: boolean): void {
  if (object instanceof real.RealError) return;
  const keys = skipIndices && (object as ArrayLike<unknown>).length > MAX_ITEMS ? [] : real.ownKeys(object);
  let shown = 0;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    if (skipIndices && typeof key === "string" && isIndex(key)) continue;
    const own = real.getOwnPropertyDescriptor(object, key);
    if (own === undefined || !own.enumerable) continue;
    if (shown++ >= MAX_ITEMS) continue;
    entries[entries.length] = `${showKey(key)}: ${showDescriptor(own, inspection)}`;
  }
  if (shown > MAX_ITEMS) entries[entries.length] = more(shown - MAX_ITEMS);
}

function isIndex(key: string): boolean {
  const code = real.charCodeAt(key, 0);
  return code >= 48 && code <= 57;
}

function showDescriptor(own: PropertyDescriptor, inspection: Inspection): string {
  if (real.hasOwn(own, "value")) return inspection.show(own.value, inspection);
  if (own.get === undefined) return "[Setter]";
  return own.set === undefined ? "[Getter]" : "[Getter/Setter]";
}

function more(count: number): string {
  return `... ${count} more item${count > 1 ? "s" : ""}`;
}
