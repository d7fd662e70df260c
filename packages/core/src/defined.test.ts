import { expect, test } from "vitest";
import { defined } from "./defined.js";

interface Options {
  readonly name: string;
  readonly limit?: number;
  readonly note?: string | null;
}

test("keys that are undefined are left out, all other values stay", () => {
  const of = (limit: number | undefined, note: string | null | undefined): Options => defined({ name: "run", limit, note });
  expect(Object.keys(of(undefined, undefined))).toEqual(["name"]);
  expect(of(0, null)).toEqual({ name: "run", limit: 0, note: null });
  expect(Object.keys(of(0, null))).toEqual(["name", "limit", "note"]);
  expect(defined({ flag: false, text: "" })).toEqual({ flag: false, text: "" });
});

test("a key that is always there stays required", () => {
  const limit: number | undefined = undefined;
  const name: string = defined({ name: "run", limit }).name;
  expect(name).toBe("run");
});
