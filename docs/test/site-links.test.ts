import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";

const { brokenLinks } = (await import(`${join(import.meta.dirname, "../../scripts/site-links.mjs")}`)) as {
  readonly brokenLinks: (folder: string, base?: string) => string[];
};

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

function siteOf(pages: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "site-links-"));
  made.push(folder);
  for (const [path, text] of Object.entries(pages)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

test("links to pages, headings, folders and other sites are fine", () => {
  const links = [
    "/b.html#x",
    "/b#x",
    "b.html",
    "#here",
    "/",
    "/sub/",
    "https://example.org/none",
    "mailto:a@b",
    "/playground/",
    "/llms.txt",
  ];
  const page = `<h2 id="here"></h2>${links.map((href) => `<a class="x" href="${href}">l</a>`).join("")}`;
  expect(brokenLinks(siteOf({ "index.html": page, "b.html": '<p id="x">', "sub/index.html": "", "llms.txt": "" }))).toEqual([]);
});

test("what leads nowhere is told once: a page, a heading, what is outside of the base, the playground's own pages", () => {
  const page = (links: readonly string[]) => links.map((href) => `<a href="${href}">l</a>`).join("");
  const folder = siteOf({
    "index.html": page(["/docs/none.html", "/docs/b.html#none", "#nothing", "/b.html"]),
    "b.html": page(["/docs/none.html"]),
    "playground/index.html": page(["/docs/absent"]),
  });
  const faults = brokenLinks(folder, "/docs/");
  expect(faults.map((fault) => fault.split(": ")[1]).sort()).toEqual(["#nothing", "/b.html", "/docs/b.html#none", "/docs/none.html"]);
});
