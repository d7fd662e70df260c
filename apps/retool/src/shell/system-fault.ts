/** Refusals of the system and how to mend them, by the codes of Node's errors. */
const FAULTS: Readonly<Record<string, readonly [found: string, fix: string]>> = {
  ENOSPC: ["no space is left on the device", "free some of it, then give the same command again; a run goes on with --resume"],
  EDQUOT: ["the disk quota is used up", "free some of it, then give the same command again; a run goes on with --resume"],
  EACCES: ["permission is denied", "change the permissions, or name another place"],
  EPERM: ["permission is denied", "change the permissions, or name another place"],
  EROFS: ["the file system is read-only", "name another place"],
  ENOTDIR: ["a file stands where a folder is needed", "name another place"],
  EEXIST: ["a file stands where a folder is needed", "name another place"],
  EISDIR: ["a folder stands where a file is needed", "name another place"],
  ENAMETOOLONG: ["the name is too long", "choose a shorter one"],
  EMFILE: ["too many files are open", "raise the limit of the shell (ulimit -n)"],
};

/** A failure of the file system in one sentence; undefined for all other errors. */
export function systemFault(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "", path, syscall } = error as NodeJS.ErrnoException;
  if (!Object.hasOwn(FAULTS, code)) return undefined;
  const [found, fix] = FAULTS[code]!;
  return `${path ?? syscall ?? "file"}: ${found}. To mend it: ${fix}.`;
}
