import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadAgent } from "./load-agent.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-agent-"));
  await mkdir(join(folder, "folder"));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(name: string, text: string) {
  await writeFile(join(folder, name), text);
  return loadAgent(join(folder, name));
}

test.each([
  ["default.mjs", "export default async () => 7;"],
  ["named.mjs", "export const agent = async () => 7;"],
  ["beside.mjs", "export default { note: 1 };\nexport const agent = async () => 7;"],
  ["whole.cjs", "module.exports = async () => 7;"],
  ["named.cjs", "exports.agent = async () => 7;"],
  ["hidden.cjs", "module.exports = Object.fromEntries([['agent', async () => 7]]);"],
  ["compiled.cjs", "Object.defineProperty(exports, '__esModule', { value: true });\nexports.default = async () => 7;"],
])("an agent is found in %s", async (name, text) => {
  const agent = await load(name, text);
  expect(await agent({} as never)).toBe(7);
});

test.each([
  ["none.mjs", "export const x = 1;", "found x (number)"],
  ["empty.mjs", "", "found no export"],
  ["object.mjs", "export default { agent: 3 };", "found default (object)"],
  ["null.mjs", "throw null;", "found a module that throws null"],
  ["undefined.mjs", "throw undefined;", "found a module that throws undefined"],
  ["text.mjs", 'throw "no key";', "found no key"],
  ["package.mjs", 'import "no-such-package-here";', "no-such-package-here"],
])("%s is refused with what was found", async (name, text, found) => {
  const refused = load(name, text);
  await expect(refused).rejects.toThrow(InputError);
  await expect(refused).rejects.toThrow(found);
});

test("a folder and a file that is not there are said to be that", async () => {
  await expect(loadAgent(join(folder, "folder"))).rejects.toThrow("found a folder");
  await expect(loadAgent(join(folder, "nowhere.mjs"))).rejects.toThrow("no such file");
});
