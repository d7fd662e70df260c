import { expect, test } from "vitest";
import { parseGgufHeader } from "./gguf-header.js";

const [U32, ARRAY] = [4, 9];

const u32 = (...values: number[]) => values.flatMap((value) => [...new Uint8Array(Uint32Array.of(value).buffer)]);
const u64 = (...values: number[]) => values.flatMap((value) => [...new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)]);
const text = (value: string) => [...u64(value.length), ...Buffer.from(value)];
/** One axis of 32-bit floats. */
const tensor = (name: string, floats: number, offset: number) => [...text(name), ...u32(1), ...u64(floats), ...u32(0), ...u64(offset)];

function parse(metadata: readonly (readonly number[])[], tensors: readonly (readonly number[])[], dataBytes = 256) {
  const head = [...Buffer.from("GGUF"), ...u32(3), ...u64(tensors.length, metadata.length), ...metadata.flat(), ...tensors.flat()];
  const file = Uint8Array.from([...head, ...new Array<number>(dataBytes).fill(0)]);
  return { ...parseGgufHeader(file, file.length, "x.gguf"), headBytes: head.length };
}
const alignment = (bytes: number) => [...text("general.alignment"), ...u32(U32, bytes)];

test("tensors lie behind the header, at the next multiple of the alignment", () => {
  for (const [bytes, metadata] of [
    [32, []],
    [64, [alignment(64)]],
    [1, [alignment(1)]],
  ] as const) {
    const { tensors, headBytes } = parse([...metadata], [tensor("a", 4, 0), tensor("b", 2, 16)]);
    const start = Math.ceil(headBytes / bytes) * bytes;
    expect([...tensors.values()].map((found) => [found.start, found.end])).toEqual([
      [start, start + 16],
      [start + 16, start + 24],
    ]);
  }
});

test.each([
  ["a name of metadata twice", [alignment(32), alignment(32)], [], /general\.alignment: expected each name once/],
  ["a tensor twice", [], [tensor("a", 4, 0), tensor("a", 4, 32)], /tensor a: expected each name once/],
  ["no alignment", [alignment(0)], [tensor("a", 4, 0)], /general\.alignment: expected a positive whole number, found 0/],
  ["an overlap of one byte", [], [tensor("a", 4, 0), tensor("b", 4, 15)], /tensor b: expected data from byte \d+ on, found an overlap/],
  ["a tensor without contents", [], [tensor("a", 0, 0)], /found shape \[0\]/],
  [
    "lists in lists in lists in lists",
    [[...text("x"), ...u32(ARRAY), ...[1, 2, 3].flatMap(() => [...u32(ARRAY), ...u64(1)]), ...u32(U32), ...u64(1), ...u32(7)]],
    [],
    /x: expected a known kind of value/,
  ],
] as const)("%s is refused", (_, metadata, tensors, message) => {
  expect(() => parse([...metadata], [...tensors])).toThrow(message);
});

/** A header that announces numbers of tensors and entries and then has these bytes, in a file of this size. */
function announced(tensors: number, entries: number, rest: readonly number[], fileBytes: number) {
  const head = [...Buffer.from("GGUF"), ...u32(3), ...u64(tensors, entries), ...rest];
  const file = new Uint8Array(fileBytes);
  file.set(head);
  return () => parseGgufHeader(file, fileBytes, "x.gguf");
}
const U8 = 0;
const list = (kind: number, items: number) => [...text("x"), ...u32(ARRAY, kind), ...u64(items)];

test.each([
  ["a list of more items than any vocabulary", announced(0, 1, list(U8, 2 ** 22 + 1), 2 ** 22 + 100), /x: expected at most 4194304 items/],
  [
    "more entries of metadata than any model",
    announced(0, 2 ** 17 + 1, [], 2 ** 21),
    /metadata count: expected at most 131072, found 131073/,
  ],
  ["more tensors than any model", announced(2 ** 17 + 1, 0, [], 2 ** 22), /tensor count: expected at most 131072, found 131073/],
] as const)("%s is refused before it takes memory", (_, read, message) => {
  expect(read).toThrow(message);
});

test("items are counted over all lists", () => {
  const items = 2 ** 21 + 1;
  const contents = new Array<number>(items).fill(7);
  const lists = [contents, contents].flatMap((bytes, i) => [...text(`list${i}`), ...u32(ARRAY, U8), ...u64(items), ...bytes]);
  expect(announced(0, 2, lists, 2 ** 23)).toThrow(/list1: expected at most 4194304 items in all lists, found 4194306/);
});
