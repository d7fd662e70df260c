import { expect, test } from "vitest";
import { WorkQueue } from "./work-queue.js";

test("work is done in order, and what may come in between is done where long work lets it", async () => {
  const queue = new WorkQueue();
  const log: string[] = [];
  const say = (text: string) => async () => void log.push(text);
  const long = queue.add(async () => {
    log.push("begins");
    const asked = queue.addBetween(say("between"));
    await queue.between();
    await asked;
    log.push("ends");
  });
  const next = queue.add(say("next"));
  await Promise.all([long, next]);
  expect(log).toEqual(["begins", "between", "ends", "next"]);
});

test("work that fails stops nothing behind it", async () => {
  const queue = new WorkQueue();
  const failed = queue.add(() => Promise.reject(new Error("first")));
  let between: Promise<void> | undefined;
  const long = queue.add(async () => {
    between = queue.addBetween(() => Promise.reject(new Error("second")));
    between.catch(() => {});
    await queue.between();
  });
  await expect(failed).rejects.toThrow("first");
  await long;
  await expect(between).rejects.toThrow("second");
});
