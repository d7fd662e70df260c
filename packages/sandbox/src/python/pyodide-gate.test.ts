import { expect, onTestFinished, test, vi } from "vitest";
import { PyodideGate } from "./pyodide-gate.js";

/** The smallest module that can be metered: one function, exported as `f`, and one global. */
const MODULE = Buffer.from("0061736d01000000010401600000030201000606017f0141000b070501016600000a040102000b", "hex");

type Import = (...args: number[]) => number;

/** A gate before imports of these names, which answer 7 and are remembered. */
async function gateBefore(
  names: readonly string[],
): Promise<{ gate: PyodideGate; env: Record<string, Import>; opened: Record<string, Import> }> {
  const opened = Object.fromEntries(names.map((name) => [name, vi.fn<Import>(() => 7)]));
  const env: Record<string, Import> = { ...opened };
  const gate = new PyodideGate((name) => {
    throw new Error(`forbidden: ${name}`);
  });
  gate.install(() => undefined);
  onTestFinished(() => gate.close()); // or the next one's engine would be taken for a module that this one links
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { instantiate(bytes: Uint8Array, imports: object): Promise<unknown> } };
  await WebAssembly.instantiate(MODULE, { env });
  return { gate, env, opened };
}

const NAMES = ["__syscall_fcntl64", "_munmap_js", "__syscall_openat", "__syscall_unlinkat", "js2python_convert", "__syscall_dup"];
const [F_GETFL, F_SETFL, READ, WRITE] = [3, 4, 1, 2];

test("before it is sealed all imports are as they were", async () => {
  const { env, opened } = await gateBefore(NAMES);
  for (const name of NAMES) expect(env[name]!(1, 2, 3)).toBe(7);
  for (const name of NAMES) expect(opened[name]).toHaveBeenCalledWith(1, 2, 3);
});

test("sealed, a descriptor's flags can be read and not changed, or a file opened for reading could be written", async () => {
  const { gate, env, opened } = await gateBefore(NAMES);
  gate.seal();
  expect(env["__syscall_fcntl64"]!(5, F_GETFL, 0)).toBe(7);
  expect(env["__syscall_fcntl64"]!(5, F_SETFL, 0)).toBeLessThan(0);
  expect(opened["__syscall_fcntl64"]).toHaveBeenCalledTimes(1);
});

test("sealed, a map of a file is never written back to it", async () => {
  const { gate, env, opened } = await gateBefore(NAMES);
  gate.seal();
  env["_munmap_js"]!(4096, 100, READ | WRITE, 1, 5, 0);
  expect(opened["_munmap_js"]).toHaveBeenCalledWith(4096, 100, READ, 1, 5, 0);
});

test("sealed, files are read only and the bridge to the host ends the run", async () => {
  const { gate, env, opened } = await gateBefore(NAMES);
  gate.seal();
  expect(env["__syscall_openat"]!(0, 0, 0)).toBe(7);
  expect(env["__syscall_openat"]!(0, 0, 1)).toBeLessThan(0);
  expect(env["__syscall_unlinkat"]!(0, 0, 0)).toBeLessThan(0);
  expect(() => env["js2python_convert"]!(0)).toThrow("forbidden: js2python_convert");
  expect(env["__syscall_dup"]!(1)).toBe(7);
  expect(opened["__syscall_unlinkat"]).not.toHaveBeenCalled();
});
