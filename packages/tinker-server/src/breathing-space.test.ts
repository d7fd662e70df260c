import { expect, test } from "vitest";
import { BreathingSpace } from "./breathing-space.js";

const immediate = () => new Promise((resolve) => setImmediate(resolve));

test("a pause lasts while a request is at work, and is short without one", async () => {
  const space = new BreathingSpace();
  let over = false;
  const end = space.begin();
  const pause = space.pause().then(() => (over = true));
  for (let round = 0; round < 8; round++) await immediate();
  expect(over).toBe(false);
  end();
  end(); // counted once
  for (let round = 0; round < 8; round++) await immediate();
  expect(over).toBe(true);
  await pause;
});

test("a request that only waits holds nothing up", async () => {
  const space = new BreathingSpace();
  const end = space.begin();
  let answer: (text: string) => void = () => {};
  const held = space.rest(() => new Promise<string>((resolve) => (answer = resolve)));
  let over = false;
  const pause = space.pause().then(() => (over = true));
  for (let round = 0; round < 8; round++) await immediate();
  expect(over).toBe(true);
  await pause;
  answer("done");
  expect(await held).toBe("done");
  end();
});
