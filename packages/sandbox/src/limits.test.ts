import { InputError } from "@retool-ts/core";
import { expect, test } from "vitest";
import { DEFAULT_LIMITS, resolveLimits } from "./limits.js";

test("overrides lie over the base", () => {
  expect(resolveLimits({ fuel: 7 })).toEqual({ ...DEFAULT_LIMITS, fuel: 7 });
});

test.each([{ fuel: 0 }, { fuel: 1.5 }, { memoryBytes: 1024 }, { stackBytes: 2 ** 20 }, { wallMs: NaN }, { timeout: 5 }])(
  "%o is refused by name",
  (overrides) => {
    const [key] = Object.keys(overrides);
    expect(() => resolveLimits(overrides)).toThrow(InputError);
    expect(() => resolveLimits(overrides)).toThrow(`limits.${key}`);
  },
);
