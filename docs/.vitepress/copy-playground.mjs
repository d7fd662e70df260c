// Puts the built playground among the site's public files, so that it is at `/playground/`. `npm run build` makes it.
import { cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { playgroundFolder } from "@retool-ts/playground";

const target = fileURLToPath(new URL("../public/playground", import.meta.url));
rmSync(target, { recursive: true, force: true });
cpSync(playgroundFolder(), target, { recursive: true });
