import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";

/** Long tests, `*.long.test.ts`, run apart from the others: `npm run test:long` sets RETOOL_LONG=1. */
const isLong = process.env["RETOOL_LONG"] === "1";
/** Far more than anything takes, so that no load of the machine decides a test. */
const LIMIT_MS = isLong ? 1_800_000 : 600_000;

/** The one test setup every package shares: sources are resolved without a build. */
export function packageTests(name: string) {
  return defineConfig({
    resolve: { conditions: ["@retool-ts/source", "module", "node", "default"] },
    ssr: { resolve: { conditions: ["@retool-ts/source", "module", "node", "default"] } },
    test: {
      name,
      include: isLong ? ["src/**/*.long.test.ts", "test/**/*.long.test.ts"] : ["src/**/*.test.ts", "test/**/*.test.ts"],
      exclude: [...configDefaults.exclude, ...(isLong ? [] : ["**/*.long.test.ts"])],
      setupFiles: [fileURLToPath(new URL("./vitest.setup.ts", import.meta.url))],
      testTimeout: LIMIT_MS,
      hookTimeout: LIMIT_MS,
      expect: { poll: { timeout: LIMIT_MS / 2 } },
    },
  });
}
