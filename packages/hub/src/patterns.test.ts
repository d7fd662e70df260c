import { expect, test } from "vitest";
import { matchesAny } from "./patterns.js";

test.each([
  ["a/b/model.safetensors", "*.safetensors", true],
  ["config.json", "conf?g.json", true],
  ["confg.json", "conf?g.json", false],
  ["config.json", "config?json", true],
  ["configxjson", "config.json", false],
  ["config.json.bak", "*.json", false],
  ["a+b(1).txt", "a+b(1).*", true],
])("%s fits %s: %s", (path, pattern, fits) => {
  expect(matchesAny(path, ["nothing", pattern])).toBe(fits);
});
