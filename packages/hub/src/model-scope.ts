import { createHash } from "node:crypto";
import { z } from "zod";
import type { RemoteFile, RepoListing, RepoPlace } from "./hub.js";
import { checkDigest, checkInside } from "./names.js";
import type { Connection } from "./request.js";
import { requestList } from "./request-list.js";

const List = z.object({
  Data: z.object({
    Files: z.array(z.object({ Path: z.string(), Type: z.string(), Size: z.number().nullish(), Sha256: z.string().nullish() })),
  }),
});

/**
 * The files of a repository on ModelScope. Its lists name no commit, so the snapshot is named by a hash of names and contents.
 *
 * @throws InputError when there is no such repository or revision, it may not be read, or the list holds names that leave its folder.
 */
export async function listModelScope(endpoint: string, place: RepoPlace, connection: Connection): Promise<RepoListing> {
  const { repo, type, revision } = place;
  const root = `${endpoint}/api/v1/${type}s/${repo}/repo`;
  const query = `Revision=${encodeURIComponent(revision)}`;
  const url = `${root}/${type === "model" ? "files" : "tree"}?${query}&Recursive=true`;
  const { Data } = await requestList(url, List, place, connection);
  const files = Data.Files.filter(({ Type }) => Type !== "tree").map(({ Path: path, Size, Sha256 }): RemoteFile => {
    checkInside(path, repo);
    const digest = Sha256 ?? "";
    checkDigest(digest, `${repo}: ${path}`);
    return {
      path,
      url: `${root}?${query}&FilePath=${encodeURIComponent(path)}`,
      size: Size ?? undefined,
      checksum: { kind: "sha256", digest },
    };
  });
  const hash = createHash("sha1");
  for (const { path, checksum } of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) hash.update(`${checksum.digest} ${path}\n`);
  return { commit: hash.digest("hex"), files };
}
