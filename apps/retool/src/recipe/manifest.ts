import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { RunFolder } from "@retool-ts/runs";
import { parseState, type RunState } from "@retool-ts/train";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import { datasetsOf } from "../setup/datasets-of-run.js";
import { hashData, hashModel, hashText } from "../setup/hash-files.js";
import { localDataset } from "../setup/hub-files.js";
import type { RunModel } from "../setup/run-model.js";
import { packageVersion } from "../shell/version.js";
import type { RecipeFunctions } from "./recipe-context.js";

/** Libraries whose version decides numbers. */
const LIBRARIES = ["@tensorflow/tfjs-core", "@huggingface/tokenizers", "@huggingface/jinja", "quickjs-emscripten-core"] as const;

/** Facts that a manifest is made from. */
export interface ManifestSources {
  readonly config: RecipeConfig;
  readonly parts: RecipeParts;
  /** State that the run begins with; it names random numbers. */
  readonly start: RunState;
  readonly model: RunModel;
  readonly functions: RecipeFunctions;
}

/** All that one needs to know to run it again: program, machine, command, and hashes of everything that was read. */
export async function manifestOf({ config, parts, start, model, functions }: ManifestSources): Promise<Record<string, unknown>> {
  const { seed } = config;
  const commit = gitCommit(process.cwd());
  const own = namesOf(functions);
  return {
    retool: packageVersion(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    backend: model.backend,
    ...(model.engineFacts && { engine: model.engineFacts }),
    seed,
    started: new Date().toISOString(),
    command: process.argv.slice(2),
    parts,
    start,
    ...(commit === undefined ? {} : { commit }),
    cpu: { model: cpus()[0]?.model ?? "unknown", cores: cpus().length, memoryBytes: totalmem() },
    libraries: Object.fromEntries(LIBRARIES.flatMap((name) => versionOf(name))),
    model: {
      base: model.base,
      ...(model.base === null ? {} : { sha256: await hashModel(model.base) }),
      tokenizer: hashText(JSON.stringify(model.tokenizer.files.tokenizer)),
    },
    datasets: await Promise.all(
      datasetsOf(config, parts).map(async ({ where, path }) => ({ where, path, sha256: await hashData(await localDataset(path)) })),
    ),
    plugins: await Promise.all(config.plugins.map(async (path) => ({ path, sha256: await hashData(path) }))),
    ...(Object.keys(own).length === 0 ? {} : { functions: own }),
  };
}

/** Functions that a program brought, by their own names: the run's config cannot name them. */
function namesOf({ advantage, loss, reward, tools, problems }: RecipeFunctions): Record<string, unknown> {
  const name = (part: { readonly name: string } | undefined) => (part === undefined ? undefined : part.name || "(without a name)");
  const named = { advantage: name(advantage), loss: name(loss), reward: name(reward), tools: tools?.map((tool) => tool.name) };
  return JSON.parse(JSON.stringify({ ...named, problems: problems && Object.keys(problems) })) as Record<string, unknown>;
}

function versionOf(library: string): [string, string][] {
  try {
    const path = createRequire(import.meta.url).resolve(`${library}/package.json`);
    return [[library, (JSON.parse(readFileSync(path, "utf8")) as { readonly version: string }).version]];
  } catch {
    return []; // one that is not installed beside this package, or hides its version
  }
}

/** The commit that is checked out in a folder or above it; undefined outside of a repository. */
function gitCommit(folder: string): string | undefined {
  const git = join(folder, ".git");
  if (!existsSync(git)) return dirname(folder) === folder ? undefined : gitCommit(dirname(folder));
  try {
    const pointer = /^gitdir: (.+)$/m.exec(existsSync(join(git, "HEAD")) ? "" : readFileSync(git, "utf8"))?.[1];
    const own = pointer === undefined ? git : resolve(folder, pointer);
    const head = readFileSync(join(own, "HEAD"), "utf8").trim();
    const reference = /^ref: (.+)$/.exec(head)?.[1];
    if (reference === undefined) return head;
    const shared = existsSync(join(own, "commondir")) ? resolve(own, readFileSync(join(own, "commondir"), "utf8").trim()) : own;
    if (existsSync(join(shared, reference))) return readFileSync(join(shared, reference), "utf8").trim();
    const packed = readFileSync(join(shared, "packed-refs"), "utf8");
    return packed
      .split("\n")
      .find((line) => line.endsWith(` ${reference}`))
      ?.slice(0, 40);
  } catch {
    return undefined;
  }
}

/** The state that a run began with, which names its random numbers, where its manifest has it. */
export function startInManifest(run: RunFolder): RunState | undefined {
  const recorded = run.readManifest()?.["start"];
  return recorded === undefined ? undefined : parseState(recorded, run.file("manifest.json"));
}
