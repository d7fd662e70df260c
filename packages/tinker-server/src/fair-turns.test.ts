import { expect, test } from "vitest";
import { FairTurns } from "./fair-turns.js";

/** Work that ends when it is told to. */
function controlled() {
  let end = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { end, work: () => ended };
}

test("clients take turns, however many requests one of them has", async () => {
  const turns = new FairTurns(1);
  const order: string[] = [];
  const gate = controlled();
  const first = turns.run("a", gate.work);
  const rest = ["a1", "a2", "a3", "b1", "c1", "b2"].map((name) => turns.run(name[0]!, async () => void order.push(name)));
  expect([turns.active, turns.waiting]).toEqual([1, 6]);
  gate.end();
  await Promise.all([first, ...rest]);
  expect(order).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
  expect(turns.waiting).toBe(0);
});

test("a large request is not starved by small ones, and takes no more than there is", async () => {
  const turns = new FairTurns(4);
  const order: string[] = [];
  const gates = [controlled(), controlled()];
  const running = gates.map(({ work }, i) => turns.run(`s${i}`, work, 2));
  const large = turns.run("large", async () => void order.push("large"), 100);
  const small = turns.run("small", async () => void order.push("small"), 1);
  gates[0]!.end();
  await running[0];
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([]); // two permits are free, and the large one is next
  gates[1]!.end();
  await Promise.all([large, small]);
  expect(order).toEqual(["large", "small"]);
});

test("work that fails gives its permits back", async () => {
  const turns = new FairTurns(1);
  await expect(turns.run("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await expect(turns.run("a", async () => 7)).resolves.toBe(7);
});

test("a pause lies between two pieces of work, whoever they belong to", async () => {
  const order: string[] = [];
  const turns = new FairTurns(1, async () => void order.push("pause"));
  await Promise.all(["a", "b", "a"].map((client) => turns.run(client, async () => void order.push(client))));
  expect(order).toEqual(["a", "pause", "b", "pause", "a", "pause"]);
});
