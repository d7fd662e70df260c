import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { convertReToolRow } from "../src/index.js";
import { hasShared, needsShared, sharedPath } from "./shared.js";

interface Vector {
  readonly name: string;
  readonly input: { readonly messages: readonly { readonly role: string; readonly content: string }[] };
  /** Messages, or the error of the reference. */
  readonly expected: readonly unknown[] | { readonly error: string };
}

describe.skipIf(!hasShared)(`ReTool-SFT rows${needsShared}`, () => {
  const vectors = hasShared
    ? readFileSync(sharedPath("golden/retool_sft_convert_vectors.jsonl"), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Vector)
    : [];

  test("become the messages of the reference, or are refused where it fails", () => {
    expect(vectors).toHaveLength(7);
    for (const { name, input, expected } of vectors) {
      const convert = () => convertReToolRow(input, { dialect: "hermes" });
      if ("error" in expected) expect(convert, name).toThrow("ReTool-SFT row");
      else expect(convert(), name).toEqual(expected);
    }
  });
});
