import { expect, test } from "vitest";
import { webAssembly, type WideGlobal } from "../web-assembly.js";
import { meteredModule, WORK_LEFT } from "./metered-module.js";

/**
 * Written by hand after the specification's binary format: `(import "host" "call" (func))`, a memory, a global, and exports
 * `spin(n)`, a loop of n turns; `fill(n)`, which fills n bytes; `out()`, which calls the import.
 */
const MODULE = Buffer.from(
  [
    "0061736d01000000",
    "01080260000060017f00", // types: () and (i32)
    "020d0104686f73740463616c6c0000", // import
    "030403010100", // functions: spin, fill, out
    "0503010002", // memory of two pages
    "0606017f0141070b", // global i32 = 7
    "071503047370696e00010466696c6c0002036f757400",
    "03",
    "0a2303", // code
    "10000340200041016b22000d000b01010b", // loop: n -= 1, again while n ≠ 0
    "0b00410041052000fc0b000b", // memory.fill(0, 5, n)
    "040010000b", // call the import
  ].join(""),
  "hex",
);

interface Exports {
  readonly spin: (turns: number) => void;
  readonly fill: (bytes: number) => void;
  readonly out: () => void;
  readonly [WORK_LEFT]: WideGlobal;
}

async function instance(bytes: Uint8Array): Promise<Exports> {
  const module = await webAssembly.compile(bytes);
  return (await webAssembly.instantiate(module, { host: { call: () => undefined } })).exports as unknown as Exports;
}

test("the module that the test meters is one", async () => {
  const { spin, fill, out } = await instance(MODULE);
  spin(3);
  fill(8);
  out();
});

test.each([
  ["a turn of a loop, and the call", 11n, ({ spin }: Exports) => spin(10)],
  ["16 bytes of a bulk instruction", 1n + 4_096n, ({ fill }: Exports) => fill(65_536)],
  ["a call that leaves the module", 701n, ({ out }: Exports) => out()],
])("%s cost their work", async (_name, work, run) => {
  const exports = await instance(meteredModule(MODULE, { importWork: 700 }));
  exports[WORK_LEFT].value = 1_000_000n;
  run(exports);
  expect(1_000_000n - exports[WORK_LEFT].value).toBe(work);
});

test("the module traps in the middle of a loop when its work is used up, and goes on when it is granted more", async () => {
  const exports = await instance(meteredModule(MODULE, { importWork: 700 }));
  exports[WORK_LEFT].value = 1_000n;
  expect(() => exports.spin(1e9)).toThrow("unreachable");
  expect(exports[WORK_LEFT].value).toBe(-1n);
  exports[WORK_LEFT].value = 1_000n;
  exports.spin(5);
  expect(exports[WORK_LEFT].value).toBe(994n);
});

test("an instruction that is not known is refused: its operands could be taken for instructions", () => {
  const strange = MODULE.slice();
  strange[MODULE.length - 3] = 0xfb;
  expect(() => meteredModule(strange, { importWork: 1 })).toThrow("an instruction that is not known, 0xfb");
  expect(() => meteredModule(MODULE.subarray(0, MODULE.length - 20), { importWork: 1 })).toThrow("the module ends too soon");
});
