import { InputError } from "@retool-ts/core";
import { openExisting } from "./file-ranges.js";
import { writeFileAtomic } from "./safetensors-file.js";

/** @throws InputError when the file is missing or no JSON. */
export async function readJson(path: string): Promise<unknown> {
  const handle = await openExisting(path);
  try {
    return JSON.parse(await handle.readFile("utf8"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const problem = { what: "checkpoint", where: path, expected: "JSON", found: error.message.slice(0, 100) };
    throw new InputError({ ...problem, fix: "download or write the file again" }, { cause: error });
  } finally {
    await handle.close();
  }
}

/** Writes a text file atomically. */
export async function writeText(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, async function* () {
    yield new TextEncoder().encode(text);
  });
}
