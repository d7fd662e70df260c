import { InputError } from "@retool-ts/core";

const REPO = /^(?!.*(?:--|\.\.))[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)?$/;

/** @throws InputError for what is no name of a repository. */
export function checkRepo(repo: string): void {
  if (REPO.test(repo)) return;
  throw refuse(JSON.stringify(repo), "owner/name", "something else", "give the repository's name as the hub's page shows it");
}

/**
 * Checks a path that came from outside, before it is joined to a folder of the cache.
 *
 * @param where - names the repository in the message.
 * @param fix - how to mend it; default: what to do about a repository that lists such a path
 * @throws InputError when it is absolute, leaves its folder, or has a character that some system reads otherwise.
 */
export function checkInside(path: string, where: string, fix = "do not use this repository; its file list is hostile or damaged"): void {
  const parts = path.split("/");
  const isPlain = parts.every((part) => part !== "" && part !== "." && part !== "..");
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (isPlain && !/[\\:\u0000-\u001f]/.test(path)) return;
  throw refuse(where, "names that stay inside the repository", JSON.stringify(path), fix);
}

/** @throws InputError when a hash from outside is none. */
export function checkDigest(digest: string, where: string): void {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(digest)) return;
  throw refuse(where, "hashes of 40 or 64 hexadecimal digits", JSON.stringify(digest), "check that the endpoint is a hub");
}

function refuse(where: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "hub", where, expected, found, fix });
}
