// Writes the project's public address into every package that is published (`repository`, `homepage`, `bugs`), before a release.
// `npm run addresses -- https://host/owner/name`; without an argument, the address of git's remote `origin`.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The address of a repository's page, from how git writes it; undefined for what is no public address. */
export function publicAddress(remote) {
  const path = remote
    .trim()
    .replace(/\/+$/, "")
    .replace(/\.git$/, "");
  const [, host, name] = /^(?:https?:\/\/(?:[^@/]+@)?|ssh:\/\/(?:[^@/]+@)?|git:\/\/|[\w.-]+@)([\w.-]+\.[a-z]+)(?::\d+)?[/:]([\w.-]+(?:\/[\w.-]+)+)$/i.exec(path) ?? []; // prettier-ignore
  return host === undefined ? undefined : `https://${host}/${name}`;
}

/** A package's fields with the address, in the place where npm's own order has them. */
export function withAddress({ name, version, description, keywords, homepage: _h, bugs: _b, repository: _r, ...rest }, address, directory) {
  return {
    name,
    version,
    description,
    keywords,
    homepage: `${address}/tree/HEAD/${directory}#readme`,
    bugs: `${address}/issues`,
    repository: { type: "git", url: `git+${address}.git`, directory },
    ...rest,
  };
}

function main([given]) {
  const remote = given ?? originOf();
  const address = remote === undefined ? undefined : publicAddress(remote);
  if (address === undefined) {
    console.error(
      `addresses: expected the repository's public address, such as https://host/owner/name; found ${remote ?? "no remote origin"}.` +
        " Name it: npm run addresses -- URL",
    );
    process.exitCode = 1;
    return;
  }
  for (const directory of ["apps", "packages"].flatMap((group) => readdirSync(join(ROOT, group)).map((name) => `${group}/${name}`))) {
    const file = join(ROOT, directory, "package.json");
    const fields = JSON.parse(readFileSync(file, "utf8"));
    if (fields.private === true) continue;
    writeFileSync(file, `${JSON.stringify(withAddress(fields, address, directory), null, 2)}\n`);
    console.log(`${fields.name}: ${address}`);
  }
}

function originOf() {
  try {
    return execFileSync("git", ["remote", "get-url", "origin"], { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main(process.argv.slice(2));
