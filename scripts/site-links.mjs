import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";

/** Places that other builds fill: a link into one is looked at only where it is there. */
const OTHERS = ["playground"];

/**
 * Every link in a built site that leads to no page, or to no heading of its page, as `page: link`. Sidebars repeat themselves on each page, so a
 * fault is told once a target.
 *
 * @param base - what stands before every path of the site
 */
export function brokenLinks(folder, base = "/") {
  const pages = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".html"));
  const ids = new Map();
  const idsOf = (page) => {
    if (!ids.has(page))
      ids.set(page, new Set([...readFileSync(join(folder, page), "utf8").matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)));
    return ids.get(page);
  };
  const faults = new Map();
  for (const page of pages) {
    if (OTHERS.includes(page.split("/")[0])) continue;
    const text = readFileSync(join(folder, page), "utf8");
    for (const href of new Set([...text.matchAll(/<a\b[^>]*\shref="([^"]+)"/g)].map(([, target]) => target))) {
      if (/^[a-z][a-z+.-]*:|^\/\//i.test(href) || faults.has(href)) continue;
      const [path, id] = decodeURI(href.replaceAll("&amp;", "&")).split("#");
      const target = path === "" ? page : placeOf(path, page, base);
      if (target !== undefined && OTHERS.includes(target.split("/")[0]) && !existsSync(join(folder, OTHERS[0]))) continue;
      const file = target === undefined ? undefined : fileOf(folder, target);
      const isThere = file !== undefined && (id === undefined || id === "" || !file.endsWith(".html") || idsOf(file).has(id));
      if (!isThere) faults.set(path === "" ? `${page}${href}` : href, `${page}: ${href}`);
    }
  }
  return [...faults.values()];
}

/** A path within the site's folder; undefined for one outside of the site. */
function placeOf(path, page, base) {
  if (!path.startsWith("/")) return posix.join(posix.dirname(page), path);
  return path.startsWith(base) ? path.slice(base.length) : undefined;
}

function fileOf(folder, target) {
  const candidates = target === "" || target.endsWith("/") ? [`${target}index.html`] : [target, `${target}.html`];
  return candidates.find((path) => existsSync(join(folder, path)) && statSync(join(folder, path)).isFile());
}
