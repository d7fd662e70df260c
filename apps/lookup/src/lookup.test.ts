import { expect, test } from "vitest";
import { learnToLookUp } from "./lookup.js";

test("the policy learns to pay for a lookup only where it needs one", async () => {
  const { before, after } = await learnToLookUp(300, 40);
  const selectivity = ({ lookupsWhenHidden, lookupsWhenShown }: typeof after) => lookupsWhenHidden - lookupsWhenShown;
  expect(after.right).toBeGreaterThan(before.right);
  expect(selectivity(after)).toBeGreaterThan(selectivity(before) + 0.3);
}, 240_000);
