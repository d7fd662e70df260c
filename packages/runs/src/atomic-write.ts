import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

let counter = 0;

/** Names of temporary files, with the process that writes them. */
export const TEMPORARY = /^\.(\d+)-\d+\.tmp$/;

/**
 * Writes a whole file so that a reader sees the old contents or the new ones and never a part: to a temporary name beside it, synced,
 * then renamed. The folder is made if need be; on failure the temporary file is removed.
 */
export async function writeFileAtomic(path: string, contents: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${process.pid}-${counter++}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(contents);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    if (error instanceof Error) Object.assign(error, { path }); // the file that is wanted, where Node names the temporary one or none
    throw error;
  }
  await syncFolder(folder);
}

/** Makes a rename durable; not every platform can open a folder, and none needs it for consistency. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    return;
  }
}
