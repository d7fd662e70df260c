import { expect, test } from "vitest";
import { samplingOf } from "../src/chat-endpoint.js";

test("a temperature whose inverse no float holds is 0", () => {
  const of = (temperature: number) => samplingOf({ temperature }, { sampling: undefined }).temperature;
  expect([of(1e-320), of(1e-6), of(0), of(1e-3), of(0.7)]).toEqual([0, 0, 0, 1e-3, 0.7]);
});
