import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The one test setup every package shares: sources are resolved without a build. */
export function packageTests(name: string) {
  return defineConfig({
    resolve: { conditions: ["@retool-ts/source", "module", "node", "default"] },
    ssr: { resolve: { conditions: ["@retool-ts/source", "module", "node", "default"] } },
    test: {
      name,
      include: ["src/**/*.test.ts", "test/**/*.test.ts"],
      setupFiles: [fileURLToPath(new URL("./vitest.setup.ts", import.meta.url))],
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  });
}
