import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { addressOf, commandIn, knownKey, knownMetric, METRICS, SETTINGS } from "../.vitepress/site/names.js";
import { documentPaths } from "./fences.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

const TOP = new Set(SETTINGS.map(({ key }) => key.split(".")[0]!));
const AREAS = new Set(Object.keys(METRICS).flatMap((name) => (name.includes("/") ? [name.split("/")[0]!] : [])));
const FILE = /\.(?:[cm]?[jt]s|jsonl?|ya?ml|md|html|txt|csv|gz|parquet|safetensors|gguf|cache)$/;

/** What is wrong with a piece of code in a line of text: a key, metric, command or option that the program does not have. */
function faultOf(code: string): string | undefined {
  const [name] = code.split("=", 1) as [string];
  if (/^[a-z]\w*(?:\.\w+)+$/i.test(name) && TOP.has(name.split(".")[0]!) && !FILE.test(name) && !name.includes("()")) {
    return knownKey(name) === undefined ? `no config key ${name}` : undefined;
  }
  const area = /^([a-z_]+)\/[\w*]+(?:\/[\w*]+)?$/.exec(code)?.[1];
  if (area !== undefined && AREAS.has(area)) return knownMetric(code) === undefined ? `no metric ${code}` : undefined;
  return faultOfCommand(code);
}

/** The same of a command line that begins with `retool`. */
function faultOfCommand(whole: string): string | undefined {
  const line = whole.split(" -- ")[0]!; // what follows is another command
  const words = line.trim().split(/\s+/);
  if (words[0] !== "retool" || words.length < 2) return undefined;
  if (!/^[a-z]/.test(words[1]!)) return undefined;
  const command = commandIn(words.join(" "));
  if (command === undefined) return `no command ${words.slice(0, 2).join(" ")}`;
  const known = new Set(["--help", ...command.options.flatMap(({ name }) => name.match(/--[\w-]+/g) ?? [])]);
  const settings = [...line.matchAll(/--set '?([\w.-]+)=/g)].map(([, key]) => key!);
  const keys = settings.filter((key) => knownKey(key) === undefined);
  const options = [...line.matchAll(/(?<=\s)(--[\w-]+)/g)].map(([option]) => option).filter((option) => !known.has(option));
  return [...options.map((option) => `retool ${command.path} has no ${option}`), ...keys.map((key) => `no config key ${key}`)][0];
}

/** Code in backticks outside of blocks, and command lines in blocks of shell, with their lines. Continued lines are joined. */
function namedIn(text: string): { readonly line: number; readonly code: string }[] {
  const found: { line: number; code: string }[] = [];
  let block: string | undefined;
  let before = "";
  text.split("\n").forEach((content, index) => {
    const line = index + 1;
    const fence = /^\s*(?:`{3,}|~{3,})\s*(\S*)/.exec(content);
    if (fence !== null) block = block === undefined ? fence[1]! : undefined;
    else if (block === undefined) for (const [, code] of content.matchAll(/(?<!`)`([^`]+)`(?!`)/g)) found.push({ line, code: code! });
    else if (block === "sh") {
      const joined = `${before}${content.replace(/\s+#\s.*$/, "")}`;
      before = joined.endsWith("\\") ? joined.slice(0, -1) : "";
      if (before === "") found.push({ line, code: joined.trim().replace(/^(?:[A-Z_]+=\S*\s+)*npm run (?:-s )?retool -- /, "retool ") });
    }
  });
  return found;
}

/** Documents of the program; in a package's README a name with a dot is one of its code. */
const documents = documentPaths(root).filter((path) => !path.startsWith("packages/"));

test.each(documents)("%s names only keys, metrics, commands and options that exist", (path) => {
  const named = namedIn(readFileSync(join(root, path), "utf8"));
  const faults = named.flatMap(({ line, code }) => {
    const fault = faultOf(code);
    return fault === undefined ? [] : [`${path}:${line}: ${fault}`];
  });
  expect(faults).toEqual([]);
});

test.each([
  ["train.kl.coeff", "no config key train.kl.coeff"],
  ["reward/mena", "no metric reward/mena"],
  ["retool trian RUN", "no command retool trian"],
  ["retool train --resum", "retool train has no --resum"],
  ["retool train --set train.stepz=2", "no config key train.stepz"],
])("%s would be seen", (code, fault) => {
  expect(faultOf(code)).toBe(fault);
});

describe.each(["troubleshooting", "coming-from", "metrics"])("the guide %s", (name) => {
  test("leads to the reference from many places", () => {
    const text = readFileSync(join(root, `docs/guide/${name}.md`), "utf8");
    expect(namedIn(text).filter(({ code }) => addressOf(code) !== undefined).length).toBeGreaterThan(8);
  });
});
