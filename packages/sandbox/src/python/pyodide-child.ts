/** The file of the process that holds Pyodide: it makes a memory snapshot, or runs cells one after another until its input ends. */
import { Buffer } from "node:buffer"; // the global is taken away
import { openSync, readFileSync, readSync, writeSync } from "node:fs";
import { basename } from "node:path";
import type { CellRequest, FromInterpreter } from "./protocol.js";
import { readImage, type StoredImage } from "./native-image.js";
import { makeNativeImage } from "./native-maker.js";
import { makeSnapshot, type WorldFiles } from "./pyodide-memory.js";
import { MAKE_IMAGE, type PyodideSetup } from "./pyodide-setup.js";
import { PyodideWorld } from "./pyodide-world.js";
import type { LoadPyodide } from "./pyodide.js";

const ANSWERS = 3;
const exit = (process as unknown as { reallyExit(code: number): never }).reallyExit.bind(process); // `exit` would run listeners, in a process that has lost its globals
const node = process; // its name is taken away
const parent = node.ppid;
let rest = "";
const chunk = Buffer.alloc(1 << 16);

/** Writes all of it, also when the reader is slow. */
function write(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") exit(1);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function answer(message: FromInterpreter): void {
  write(ANSWERS, Buffer.from(`${JSON.stringify(message)}\n`));
}

/** The next line, waited for; undefined at the end. Nothing else happens in this process meanwhile. */
function readLine(): string | undefined {
  for (;;) {
    const end = rest.indexOf("\n");
    if (end >= 0) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      return line;
    }
    try {
      const length = readSync(0, chunk);
      if (length === 0) return undefined;
      rest += chunk.toString("latin1", 0, length); // lines are ASCII
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return undefined;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function imageAt(file: string): StoredImage {
  const descriptor = openSync(file, "r");
  return readImage((view, position) => {
    for (let at = 0; at < view.length;) {
      const read = readSync(descriptor, view, at, view.length - at, position + at);
      if (read === 0) throw new Error("the image of the native packages ends too soon");
      at += read;
    }
  });
}

async function main(): Promise<void> {
  const setup = JSON.parse(readLine() ?? "null") as PyodideSetup;
  const { loadPyodide } = (await import(setup.module)) as { loadPyodide: LoadPyodide };
  const files: WorldFiles = {
    runner: setup.runner,
    wheels: setup.wheels.map((file) => ({ name: basename(file), bytes: readFileSync(file) })),
    libraries: setup.libraries,
    native: setup.native,
  };
  const { snapshot, image } = setup;
  if (snapshot === null) {
    write(ANSWERS, await makeSnapshot(loadPyodide, files));
    return exit(0);
  }
  if (image === MAKE_IMAGE) {
    for (const part of await makeNativeImage(loadPyodide, files, readFileSync(snapshot))) write(ANSWERS, part);
    return exit(0);
  }
  const start = { files, snapshot: readFileSync(snapshot), image: image === null ? null : imageAt(image) };
  const world = await PyodideWorld.load(loadPyodide, start, {
    answer,
    write,
    exit: () => exit(0),
    isOrphan: () => node.ppid !== parent,
  });
  answer({ type: "ready" });
  for (let line = readLine(); line !== undefined; line = readLine()) world.run(JSON.parse(line) as CellRequest);
  exit(0);
}

main().catch((error: unknown) => {
  answer({ type: "failed", reason: error instanceof Error ? error.message.slice(0, 500) : String(error) });
  exit(1);
});
