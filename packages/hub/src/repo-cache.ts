import { copyFile, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { RemoteFile, RepoType } from "./hub.js";
import { checkDigest, checkInside } from "./names.js";

/**
 * A repository's folder in the cache, as Python's `huggingface_hub` lays it out: bytes in `blobs` under their hash, `snapshots/COMMIT`
 * with links to them under the files' names, and `refs/REVISION` with the commit that a branch or tag stood for.
 */
export class RepoCache {
  readonly folder: string;

  constructor(cacheDir: string, type: RepoType, repo: string) {
    this.folder = join(cacheDir, `${type}s--${repo.replaceAll("/", "--")}`);
  }

  snapshot(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  blob({ checksum }: RemoteFile): string {
    return join(this.folder, "blobs", checksum.digest);
  }

  /** Checks that a snapshot has a file and its bytes. */
  async has(commit: string, path: string): Promise<boolean> {
    return exists(join(this.snapshot(commit), path));
  }

  /** Shows a blob under its file's name: as a link, or as a copy where the system allows none. */
  async link(commit: string, file: RemoteFile): Promise<void> {
    const path = join(this.snapshot(commit), file.path);
    const blob = this.blob(file);
    await mkdir(dirname(path), { recursive: true });
    await rm(path, { force: true });
    try {
      await symlink(relative(dirname(path), blob), path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") return; // another process was quicker
      const temporary = `${path}.${process.pid}.incomplete`;
      await copyFile(blob, temporary);
      await rename(temporary, path);
    }
  }

  /** Keeps which commit a branch or tag stands for. */
  async writeRef(revision: string, commit: string): Promise<void> {
    if (revision === commit) return;
    const path = join(this.folder, "refs", revision);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, commit);
  }

  /** The commit that a revision stood for when it was last asked for; undefined when it is not in the cache. */
  async commitOf(revision: string): Promise<string | undefined> {
    checkInside(revision, this.folder);
    const commit = await readFile(join(this.folder, "refs", revision), "utf8").then(
      (text) => text.trim(),
      () => revision,
    );
    if (!(await exists(this.snapshot(commit)))) return undefined;
    checkDigest(commit, this.folder);
    return commit;
  }

  /** Paths of a snapshot's files, with `/` between folders. */
  async files(commit: string): Promise<string[]> {
    const entries = await readdir(this.snapshot(commit), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(this.snapshot(commit), join(entry.parentPath, entry.name)).split(sep).join("/"));
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
