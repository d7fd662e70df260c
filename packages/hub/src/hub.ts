/** A hub: that of Hugging Face or a mirror of it, or ModelScope. */
export type HubName = "huggingface" | "modelscope";

/** Contents of a repository. */
export type RepoType = "model" | "dataset";

/** A repository at a revision. */
export interface RepoPlace {
  readonly repo: string;
  readonly type: RepoType;
  readonly revision: string;
}

/** Expected hash of a file's bytes: its own SHA-256, or git's SHA-1 of it as a blob. */
export interface Checksum {
  readonly kind: "sha256" | "git-sha1";
  /** Hexadecimal; it also names the file in the cache. */
  readonly digest: string;
}

/** A file of a repository. */
export interface RemoteFile {
  /** With `/` between folders; checked, so that it stays inside the repository. */
  readonly path: string;
  readonly url: string;
  /** Bytes, where the hub tells. */
  readonly size: number | undefined;
  readonly checksum: Checksum;
}

/** The files of a repository at one commit. */
export interface RepoListing {
  /** Forty hexadecimal digits. */
  readonly commit: string;
  readonly files: readonly RemoteFile[];
}
