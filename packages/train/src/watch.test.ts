import { expect, test } from "vitest";
import { Watch } from "./watch.js";

test("a sampler far from the trainer is told once, one that half precision explains is not", () => {
  const said: string[] = [];
  const watch = new Watch({ say: (line) => void said.push(line) });
  watch.see({ step: 1, "mismatch/log_prob_difference": 0.02 });
  expect(said).toEqual([]);
  watch.see({ step: 2, "mismatch/log_prob_difference": 0.2 });
  watch.see({ step: 3, "mismatch/log_prob_difference": 0.3 });
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^step 2: sampler and trainer are 0\.200 nats a token apart/);
});
