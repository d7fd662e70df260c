import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

type Fields = Record<string, unknown>;
const { publicAddress, withAddress } = (await import(`${join(import.meta.dirname, "../../scripts/addresses.mjs")}`)) as {
  readonly publicAddress: (remote: string) => string | undefined;
  readonly withAddress: (fields: Fields, address: string, directory: string) => Fields;
};

test.each([
  ["https://github.com/owner/name", "https://github.com/owner/name"],
  ["https://token@github.com/owner/name.git\n", "https://github.com/owner/name"],
  ["git@github.com:owner/name.git", "https://github.com/owner/name"],
  ["ssh://git@git.example.org:2222/group/sub/name.git", "https://git.example.org/group/sub/name"],
  ["git://example.org/owner/name/", "https://example.org/owner/name"],
  ["/srv/git/name.git", undefined],
  ["file:///srv/git/name.git", undefined],
  ["../name", undefined],
  ["", undefined],
])("the public address of the remote %j is %s", (remote, address) => {
  expect(publicAddress(remote)).toBe(address);
});

test("a package gets its addresses, and nothing else changes", () => {
  const fields = JSON.parse(readFileSync(new URL("../../packages/core/package.json", import.meta.url), "utf8")) as Fields;
  const named = withAddress(fields, "https://example.org/o/n", "packages/core");
  expect(named).toMatchObject({
    homepage: "https://example.org/o/n/tree/HEAD/packages/core#readme",
    bugs: "https://example.org/o/n/issues",
    repository: { type: "git", url: "git+https://example.org/o/n.git", directory: "packages/core" },
  });
  const { homepage: _h, bugs: _b, repository: _r, ...rest } = named;
  expect(rest).toEqual(fields);
  expect(withAddress(named, "https://example.org/o/n", "packages/core")).toEqual(named);
});
