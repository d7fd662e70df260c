import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../limits.js";
import { loadWorkerFiles } from "../worker-files.js";
import { heapEndAddress } from "./heap-end.js";
import { Meter } from "./meter.js";
import { transformCell } from "./repl-transform.js";
import { ENGINE_PAGES, World } from "./world.js";

const PROGRESS = { begin: () => undefined, end: () => undefined, append: () => undefined };

test("nothing lies beyond the heap's end, whatever the code does with memory, also when that grows", async () => {
  const { wasmModule, heapEndAt, guestSource } = await loadWorkerFiles();
  expect(heapEndAt).toBeDefined();
  const options = { wasmModule, heapEndAt, guestSource, prelude: "math", libraries: [], maximumPages: 1_024, initialPages: ENGINE_PAGES };
  const world = await World.create({ ...options, base: undefined });
  for (const code of [
    "const list = range(1, 50000).map((x) => ({ x }))",
    "const big = []; for (let i = 0; i < 20; i++) big.push(new Uint8Array(1e6).fill(i + 1))",
    "(function deep(n) { return n ? deep(n - 1) + 1 : 0 })(300)",
    "big.length = 0; list.sort((a, b) => b.x - a.x); JSON.stringify(list).length",
    "/(a+)+b/.test('a'.repeat(18)); 3n ** 9000n % 97n",
  ]) {
    world.run(transformCell(code), "cell-1.js", new Meter(DEFAULT_LIMITS, PROGRESS, world.work));
    const memory = world.bytes();
    const end = new DataView(memory.buffer).getUint32(heapEndAt!, true);
    expect(end).toBeLessThanOrEqual(memory.length);
    const last = memory.findLastIndex((byte) => byte !== 0);
    expect(last).toBeLessThan(end);
    expect(last).toBeGreaterThan(end - 65_536); // the heap is what the word speaks of
  }
});

test("a module without such a word has none", () => {
  expect(heapEndAddress(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))).toBeUndefined();
});
