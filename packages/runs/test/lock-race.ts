import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withFolderLock } from "../src/folder-lock.js";

// One of several processes that want the lock of a folder again and again. Each holder notes when it begins and ends, and leaves the lock
// of a process that is gone behind.
const [folder = "", log = "", stale = "", rounds = ""] = process.argv.slice(2);
for (let round = 0; round < Number(rounds); round++) {
  await withFolderLock(folder, async () => {
    appendFileSync(log, `begin ${process.pid}\n`);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    appendFileSync(log, `end ${process.pid}\n`);
    writeFileSync(join(folder, stale), "");
  }).catch((error: unknown) => {
    if (!String(error).includes("at work")) throw error;
  });
}
