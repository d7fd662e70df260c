import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SiteConfig } from "vitepress";
import { GUIDE } from "./sidebar.js";

/** A page with its markdown. */
interface Source {
  readonly path: string;
  readonly title: string;
  readonly summary: string;
  readonly text: string;
}

/** Writes `llms.txt`, a list of the pages for language models, and `llms-full.txt`, the pages themselves. The API is listed by package. */
export function writeLlms({ srcDir, outDir, pages, site }: SiteConfig, origin = ""): void {
  const address = (path: string) => `${origin}${site.base}${path.replace(/(^|\/)index\.md$/, "$1").replace(/\.md$/, ".html")}`;
  const sources = pages.filter((path) => !path.startsWith("api/") && path !== "index.md").map((path) => readSource(srcDir, path));
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const line = ({ path, title, summary }: Source) => `- [${title}](${address(path)})${summary === "" ? "" : `: ${summary}`}`;
  const guides = GUIDE.map(({ text, items = [] }) => {
    const links = items.flatMap(({ link }) => byPath.get(`${link!.slice(1)}.md`) ?? []);
    return `## ${text}\n\n${links.map(line).join("\n")}`;
  });
  const reference = sources.filter(({ path }) => path.startsWith("reference/")).map(line);
  const packages = pages.filter((path) => /^api\/@[\w-]+\/[\w-]+\/index\.md$/.test(path)).map((path) => line(readSource(srcDir, path)));
  const head = `# ${site.title}\n\n> ${site.description}\n\n${readSource(srcDir, "index.md").summary}`;
  const list = [head, ...guides, `## Reference\n\n${reference.join("\n")}`, `## API\n\n${packages.join("\n")}`];
  writeFileSync(join(outDir, "llms.txt"), `${list.join("\n\n")}\n`);
  const inOrder = [...GUIDE.flatMap(({ items = [] }) => items.flatMap(({ link }) => byPath.get(`${link!.slice(1)}.md`) ?? [])), ...sources];
  const full = [...new Set(inOrder)].map(({ path, text }) => `<!-- ${address(path)} -->\n\n${text.trim()}`);
  writeFileSync(join(outDir, "llms-full.txt"), `${head}\n\n${full.join("\n\n---\n\n")}\n`);
}

function readSource(folder: string, path: string): Source {
  const whole = readFileSync(join(folder, path), "utf8");
  const front = /^---\n(.*?)\n---\n/s.exec(whole);
  const text = front === null ? whole : whole.slice(front[0].length);
  const described = /^description: (.*)$/m.exec(front?.[1] ?? "")?.[1]?.replace(/^"(.*)"$/, "$1");
  const title = /^# (.*)$/m.exec(text)?.[1] ?? path;
  return { path, title, summary: described ?? firstSentence(text), text };
}

/** The first sentence of the first paragraph. */
function firstSentence(text: string): string {
  const paragraph = text.split(/\n\s*\n/).find((block) => /^(?!```)[A-Z`[]/.test(block.trim()) && !block.trim().startsWith("[API]")) ?? "";
  const plain = paragraph.replace(/\s+/g, " ").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").trim(); // prettier-ignore
  return /^.*?\.(?= [A-Z`]|$)/.exec(plain)?.[0] ?? plain.replace(/:$/, ".");
}
