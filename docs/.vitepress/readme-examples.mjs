import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { CommentTag, Comment, ReflectionKind, RendererEvent } from "typedoc";

const packages = new URL("../../packages/", import.meta.url).pathname;

/** A typedoc plugin: the page of each package begins with the example of its README, which is a test. */
export function load(app) {
  app.renderer.on(RendererEvent.BEGIN, ({ project }) => {
    for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
      const readme = readFileSync(join(packages, basename(module.name), "README.md"), "utf8");
      module.comment ??= new Comment();
      module.comment.blockTags.push(new CommentTag("@example", [{ kind: "code", text: exampleOf(readme) }]));
    }
  });
}

/** The first block of a README that is run, without the word that says so. */
export function exampleOf(readme) {
  const [, code] = /^```ts test\n(.*?)^```$/ms.exec(readme) ?? [];
  if (code === undefined) throw new Error("a package's README has no example");
  return `\`\`\`ts\n${code}\`\`\``;
}
