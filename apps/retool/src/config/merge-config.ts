import { InputError } from "@retool-ts/core";
import { parseDocument } from "yaml";
import { kindOf } from "./source-kinds.js";

/** A value as YAML and JSON have it. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * A `key.path=value` setting as a config with that key alone.
 *
 * @throws InputError when it has no key.
 */
export function parseSetting(setting: string): Json {
  const equals = setting.indexOf("=");
  if (equals < 1) {
    throw new InputError({
      what: "config",
      where: `--set ${setting}`,
      expected: "key.path=value",
      found: `"${setting}"`,
      fix: "write for example --set train.steps=100",
    });
  }
  const document = parseDocument(setting.slice(equals + 1), { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new InputError({
      what: "config",
      where: `--set ${setting}`,
      expected: "a value that is valid YAML",
      found: `${error.message} at character ${equals + 2 + error.pos[0]}`,
      fix: "correct it, or put it into quotes",
    });
  }
  const value = document.toJS() as Json;
  return setting
    .slice(0, equals)
    .split(".")
    .reduceRight<Json>((inner, key) => ({ [key]: inner }), value);
}

/**
 * Puts one config over another. Maps are merged key by key; a number as key reaches into a list; everything else is replaced.
 *
 * @param where - the config that goes over the other comes from, for messages.
 * @throws InputError for a number that no item of the list has.
 */
export function mergeConfig(base: Json | undefined, over: Json, where: string, path: readonly string[] = []): Json {
  if (!isObject(over)) return over;
  const keys = Object.keys(over);
  if (Array.isArray(base) && keys.length > 0 && keys.every((key) => /^\d+$/.test(key))) {
    const absent = keys.find((key) => Number(key) >= base.length);
    if (absent !== undefined) throw noSuchItem(where, path, base.length, absent);
    return base.map((item, i) => (Object.hasOwn(over, i) ? mergeConfig(item, over[String(i)]!, where, [...path, String(i)]) : item));
  }
  if (isObject(base) && isOtherKind(base, over)) return over;
  const result = new Map(Object.entries(isObject(base) ? base : {}));
  for (const [key, value] of Object.entries(over)) result.set(key, mergeConfig(result.get(key), value, where, [...path, key]));
  return Object.fromEntries(result);
}

/** A union is replaced when its kind changes, so that keys of the other kind do not linger. Sources of data show theirs by their keys, too. */
function isOtherKind({ kind }: { [key: string]: Json }, over: { [key: string]: Json }): boolean {
  const isSource = kind === "file" || kind === "generated" || kind === "plugin";
  const wanted = over["kind"] ?? (isSource ? kindOf(over) : undefined);
  return kind !== undefined && typeof wanted === "string" && wanted !== kind;
}

function noSuchItem(where: string, path: readonly string[], length: number, found: string): InputError {
  const list = path.join(".");
  return new InputError({
    what: "config",
    where,
    expected: `an item of ${list}, from 0 to ${length - 1}`,
    found,
    fix: `name one of them, or write the whole list as ${list}`,
  });
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
