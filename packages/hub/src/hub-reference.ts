import { InputError } from "@retool-ts/core";
import type { HubName } from "./hub.js";
import { checkInside, checkRepo } from "./names.js";

/** A place on a hub, as a config or a command names it. */
export interface HubReference {
  readonly hub: HubName;
  readonly repo: string;
  /** A file or folder in the repository. */
  readonly path: string | undefined;
  readonly revision: string | undefined;
}

const SCHEMES: Readonly<Record<string, HubName>> = { hub: "huggingface", modelscope: "modelscope" };

/**
 * Reads `hub:owner/name[/path][@revision]`, or the same with `modelscope:`.
 *
 * @returns undefined for a text with neither beginning, such as a path.
 * @throws InputError when what follows is no such place.
 */
export function parseHubReference(text: string): HubReference | undefined {
  const match = /^(hub|modelscope):([^@]*)(?:@(.+))?$/s.exec(text);
  const scheme = /^(hub|modelscope):/.exec(text)?.[1];
  if (scheme === undefined) return undefined;
  const [owner, name, ...rest] = (match?.[2] ?? "").split("/");
  if (match === null || !owner || !name) {
    const fix = `write ${scheme}:owner/name, if need be with /file and @revision behind it`;
    throw new InputError({ what: "hub", where: text, expected: `${scheme}:owner/name[/path][@revision]`, found: "something else", fix });
  }
  const repo = `${owner}/${name}`;
  checkRepo(repo);
  const path = rest.length === 0 ? undefined : rest.join("/");
  if (path !== undefined) checkInside(path, text, "write the file's path as the hub's page shows it");
  return { hub: SCHEMES[scheme]!, repo, path, revision: match[3] };
}
