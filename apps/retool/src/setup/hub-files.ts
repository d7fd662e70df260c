import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { downloadFromHub, parseHubReference, type DownloadProgress, type HubReference } from "@retool-ts/hub";
import type { Reporter } from "../shell/log.js";

/** Progress and cancellation of a download. */
export interface HubContext {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
}

/** Files that loading a model takes, whichever form its weights have. */
const CONFIG_FILES = ["*.json", "*.jinja"];
const MODEL_FILES = [...CONFIG_FILES, "model*.safetensors", "adapter_model.safetensors"];

/** Folders of this program's own, so that a misspelt run is not looked for on a hub. */
const OWN_FOLDERS = ["runs", "checkpoints"];

/**
 * A path on this machine of a model that may be on a hub. `hub:owner/name[/file.gguf][@revision]` is brought into the cache, and so is
 * `owner/name` when there is no folder `owner`; everything else stays as it is.
 *
 * @throws InputError when the hub has no such model, or it may not be read.
 */
export async function localModel(name: string, context: HubContext = {}): Promise<string> {
  const place = modelReference(name);
  if (place === undefined) return name;
  if (place.path?.toLowerCase().endsWith(".gguf")) return fetchFiles(place, "model", { files: [place.path] }, context);
  const folder = await fetchFiles(place, "model", { patterns: modelFiles(place, MODEL_FILES) }, context);
  if (existsSync(join(folder, "config.json")) || existsSync(join(folder, "adapter_config.json"))) return folder;
  const fix = `name a file of it: hub:${place.repo}/FILE.gguf`;
  throw new InputError({ what: "model", where: name, expected: "a repository with config.json", found: "one without", fix });
}

/** As {@link localModel}, without the weights: enough to tell a model's size and to write its prompts. */
export async function localModelConfig(name: string, context: HubContext = {}): Promise<string> {
  const place = modelReference(name);
  if (place === undefined || place.path?.toLowerCase().endsWith(".gguf")) return localModel(name, context);
  return fetchFiles(place, "model", { patterns: modelFiles(place, CONFIG_FILES) }, context);
}

/** A path on this machine of a dataset that may be on a hub: `hub:owner/name[/file or folder][@revision]`. */
export async function localDataset(name: string, context: HubContext = {}): Promise<string> {
  const place = parseHubReference(name);
  if (place === undefined) return name;
  const endings = ["*.jsonl", "*.ndjson", "*.json", "*.parquet"];
  const patterns = place.path === undefined ? endings : [place.path, ...endings.map((ending) => `${place.path}/${ending}`)];
  return fetchFiles(place, "dataset", { patterns }, context);
}

function modelFiles({ path }: HubReference, patterns: readonly string[]): string[] {
  return patterns.map((pattern) => (path === undefined ? pattern : `${path}/${pattern}`));
}

function modelReference(name: string): HubReference | undefined {
  const owner = /^([A-Za-z0-9][\w.-]*)\/[A-Za-z0-9][\w.-]*(?:@.+)?$/.exec(name)?.[1];
  const isId = owner !== undefined && !OWN_FOLDERS.includes(owner) && !existsSync(owner) && !/\.gguf$/i.test(name);
  return parseHubReference(isId ? `hub:${name}` : name);
}

async function fetchFiles(
  { hub, repo, path, revision }: HubReference,
  type: "model" | "dataset",
  which: { readonly files: readonly string[] } | { readonly patterns: readonly string[] },
  { reporter, signal }: HubContext,
): Promise<string> {
  let shown: { readonly path: string; readonly bar: ReturnType<Reporter["progress"]> } | undefined;
  const onProgress = ({ path: file, loaded, total }: DownloadProgress) => {
    if (shown?.path !== file) {
      shown?.bar.done();
      const bar = reporter?.progress(`${repo}: ${file}, MB`, megabytes(total ?? 0), megabytes(loaded));
      shown = bar === undefined ? undefined : { path: file, bar };
    }
    shown?.bar.update(megabytes(loaded));
  };
  const { folder } = await downloadFromHub({
    hub,
    repo,
    type,
    ...which,
    ...(revision === undefined ? {} : { revision }),
    ...(signal === undefined ? {} : { signal }),
    onProgress,
  });
  shown?.bar.done();
  return join(folder, ...(path?.split("/") ?? []));
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
