import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, sep } from "node:path";
import type { HubName } from "./hub.js";

/** Places of a hub and of its cache, and the settings of requests. */
export interface HubSettings {
  /** Address without a slash at the end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly cacheDir: string;
  /** Ask no server; use what the cache has. */
  readonly offline: boolean;
}

/**
 * Settings from the environment. For Hugging Face, the variables of Python's `huggingface_hub`: `HF_ENDPOINT`, `HF_TOKEN` or the token
 * that `hf auth login` kept, `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME` and `HF_HUB_OFFLINE`. For ModelScope `MODELSCOPE_DOMAIN`,
 * `MODELSCOPE_API_TOKEN` and `MODELSCOPE_CACHE`.
 */
export function hubSettings(hub: HubName, environment: NodeJS.ProcessEnv = process.env): HubSettings {
  const read = (name: string) => environment[name]?.trim() || undefined;
  const caches = read("XDG_CACHE_HOME") ?? join(homedir(), ".cache");
  const offline = ["1", "ON", "YES", "TRUE"].includes((read("HF_HUB_OFFLINE") ?? "").toUpperCase());
  switch (hub) {
    case "huggingface": {
      const home = fromHome(read("HF_HOME") ?? join(caches, "huggingface"));
      return {
        endpoint: withoutSlash(read("HF_ENDPOINT") ?? "https://huggingface.co"),
        token: read("HF_TOKEN") ?? keptToken(read("HF_TOKEN_PATH") ?? join(home, "token")),
        cacheDir: fromHome(read("HF_HUB_CACHE") ?? join(home, "hub")),
        offline,
      };
    }
    case "modelscope":
      return {
        endpoint: withoutSlash(withScheme(read("MODELSCOPE_DOMAIN") ?? "www.modelscope.cn")),
        token: read("MODELSCOPE_API_TOKEN"),
        cacheDir: join(fromHome(read("MODELSCOPE_CACHE") ?? join(caches, "modelscope")), "snapshots"),
        offline,
      };
  }
}

function keptToken(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

function fromHome(path: string): string {
  return path === "~" || path.startsWith("~/") || path.startsWith(`~${sep}`) ? join(homedir(), path.slice(1)) : path;
}

function withScheme(domain: string): string {
  return domain.includes("://") ? domain : `https://${domain}`;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
