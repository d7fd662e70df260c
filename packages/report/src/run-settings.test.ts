import { expect, test } from "vitest";
import { flattenConfig, renderConfig } from "./run-settings.js";

test("a config that contains itself is shown as far as it goes", () => {
  const round: Record<string, unknown> = { b: 1 };
  round["a"] = round;
  const settings = flattenConfig(round);
  expect(settings[0]).toEqual({ name: "b", value: "1" });
  expect(settings.at(-1)!.value).toBe("a value that contains itself");
  expect(renderConfig(round).markup).toContain("a value that contains itself");
});
