import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

type Build = (options: Readonly<Record<string, unknown>>) => void;

/** Packages that are left where they are installed. */
const INSTALLED = ["quickjs-emscripten-core", "@jitl/*", "acorn", "fflate"];

/** What is bundled may be CommonJS, which asks for Node's modules with `require`. */
const REQUIRE = 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';

/**
 * Bundles the threads, the guest and `index.js` from sources with the esbuild of the repository, for tests that run
 * without a build, in this process and in others. The result is kept under `node_modules/.cache`, by a hash of the sources. Published code never gets here.
 */
export function bundleWorker(): URL {
  const source = fileURLToPath(new URL(".", import.meta.url));
  const sources = [source, fileURLToPath(new URL("../../http/src/", import.meta.url))];
  const folder = fileURLToPath(new URL(`../node_modules/.cache/worker-${hashOf(sources)}/`, import.meta.url));
  if (!existsSync(folder)) {
    const draft = `${folder.slice(0, -1)}.${process.pid}.tmp`;
    mkdirSync(draft, { recursive: true });
    const shared = { bundle: true, format: "esm", target: "es2022", outdir: draft, logLevel: "silent" };
    const threads = { platform: "node", conditions: ["@retool-ts/source"], external: INSTALLED, banner: { js: REQUIRE } };
    const build = esbuild();
    const entries = ["index.ts", "pool/supervisor.ts", "pool/worker.ts", "python/python-supervisor.ts", "python/pyodide-child.ts"];
    build({ ...shared, ...threads, entryNames: "[name]", entryPoints: entries.map((name) => join(source, name)) });
    cpSync(join(source, "python", "guest"), draft, { recursive: true });
    build({ ...shared, entryPoints: { guest: join(source, "guest", "index.ts") }, platform: "neutral" });
    writeFileSync(join(draft, "package.json"), '{ "type": "module" }\n');
    try {
      renameSync(draft, folder);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      if (!existsSync(folder)) throw error; // another process was not faster
    }
  }
  return pathToFileURL(folder);
}

function hashOf(folders: readonly string[]): string {
  const hash = createHash("sha256");
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
      if (/\.(?:ts|py)$/.test(name) && !name.endsWith(".test.ts")) hash.update(name).update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

function esbuild(): Build {
  try {
    const fromTsup = createRequire(createRequire(import.meta.url).resolve("tsup"));
    return (fromTsup("esbuild") as { buildSync: Build }).buildSync;
  } catch (cause) {
    throw new Error("@retool-ts/sandbox runs from sources here: install the repository's dependencies, which bring esbuild", { cause });
  }
}
