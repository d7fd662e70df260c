import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS, settingsFromHash, settingsToHash, STOPS, type Settings } from "./settings.js";

const anySettings: fc.Arbitrary<Settings> = fc.record({
  groupSize: fc.constantFrom(...STOPS.groupSize),
  learningRate: fc.constantFrom(...STOPS.learningRate),
  steps: fc.constantFrom(...STOPS.steps),
  masksOutput: fc.boolean(),
  hasTool: fc.boolean(),
  engine: fc.constantFrom("auto", "wasm", "webgpu"),
});

test("an address gives back the settings that it was made of", () => {
  fc.assert(
    fc.property(anySettings, (settings) => {
      expect(settingsFromHash(settingsToHash(settings))).toEqual(settings);
    }),
  );
  expect(settingsToHash(DEFAULT_SETTINGS)).toBe("");
  expect(settingsToHash({ ...DEFAULT_SETTINGS, groupSize: 4, hasTool: false })).toBe("#group=4&tool=off");
});

test("an address of anybody's gives settings that the sliders have", () => {
  fc.assert(
    fc.property(fc.string(), (hash) => {
      const { groupSize, learningRate, steps } = settingsFromHash(hash);
      for (const [stops, value] of [
        [STOPS.groupSize, groupSize],
        [STOPS.learningRate, learningRate],
        [STOPS.steps, steps],
      ] as const)
        expect(stops).toContain(value);
    }),
  );
  expect(settingsFromHash("#group=1e9&rate=NaN&steps=-3&mask=maybe&tool=off&engine=quantum")).toEqual({
    ...DEFAULT_SETTINGS,
    groupSize: 16,
    steps: 10,
    hasTool: false,
  });
});
