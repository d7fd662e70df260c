import type { z } from "zod";

/** One mistake in a config, in words. */
export interface ConfigMistake {
  readonly path: readonly PropertyKey[];
  /** The key is one that the schema does not have. */
  readonly isUnknownKey: boolean;
  readonly expected: string;
  readonly found: string;
}

type Issue = z.core.$ZodIssue;

/** All mistakes that a schema finds in a config, in plain words. */
export function configMistakes(issues: readonly Issue[], input: unknown): ConfigMistake[] {
  return issues.flatMap((issue): ConfigMistake[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ path: [...issue.path, key], isUnknownKey: true, expected: "a known key", found: `"${key}"` }));
    }
    return [{ path: issue.path, isUnknownKey: false, expected: expectation(issue), found: shown(valueAt(input, issue.path)) }];
  });
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
}

const LONGEST = 80;

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

const TYPES: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "text",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "keys with values",
  record: "keys with values",
  null: "null",
};

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected] ?? issue.expected;
    case "invalid_value":
      return choice(issue.values.map((value) => (typeof value === "string" ? value : String(value))));
    case "too_small":
      return bound(issue.origin, Number(issue.minimum), issue.inclusive === false ? "above" : "from", "at least");
    case "too_big":
      return bound(issue.origin, Number(issue.maximum), issue.inclusive === false ? "below" : "up to", "at most");
    case "invalid_format": {
      const { pattern, includes } = issue as { readonly pattern?: string; readonly includes?: string };
      return includes === undefined ? `text that matches ${pattern ?? issue.format}` : `text with ${includes}`;
    }
    case "invalid_union": {
      const options = (issue as { readonly options?: readonly unknown[] }).options ?? [];
      return choice(options.length > 0 ? options.map(String) : issue.errors.flatMap(([first]) => (first === undefined ? [] : [expectation(first)]))); // prettier-ignore
    }
    case "unrecognized_keys":
    case "invalid_key":
    case "invalid_element":
    case "not_multiple_of":
    case "custom":
      return issue.message;
  }
}

function choice(options: readonly string[]): string {
  return options.length === 1 ? options[0]! : `one of ${options.join(", ")}`;
}

function bound(origin: string, limit: number, ofNumbers: string, ofCounts: string): string {
  if (origin === "array") return `${ofCounts} ${limit} ${limit === 1 ? "item" : "items"}`;
  if (origin === "string") return `${ofCounts} ${limit} ${limit === 1 ? "character" : "characters"}`;
  return `a number ${ofNumbers} ${limit}`;
}
