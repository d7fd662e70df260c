// tfjs-core's gradients are ESM without file extensions, which plain Node cannot load. They are bundled to src/gradients.generated.js;
// the bundle talks to the one engine of the process, which tfjs keeps in a global.
import { build } from "esbuild";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "src/gradients.generated.js");
const { version } = createRequire(join(root, "package.json"))("@tensorflow/tfjs-core/package.json");
const stamp = `// tfjs-core ${version}`;
if (existsSync(target) && readFileSync(target, "utf8").startsWith(stamp)) process.exit(0);

await build({
  stdin: { contents: 'import "@tensorflow/tfjs-core/dist/register_all_gradients.js";', resolveDir: root },
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "eof",
  banner: { js: stamp },
  outfile: target,
});
writeFileSync(join(root, "src/gradients.generated.d.ts"), "export {};\n");
