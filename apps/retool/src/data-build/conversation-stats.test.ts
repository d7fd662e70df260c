import { expect, test } from "vitest";
import { measureConversations } from "./conversation-stats.js";

test("order statistics are by nearest rank", () => {
  const rows = Array.from({ length: 20 }, (_, i) => [
    { role: "user", content: "q".repeat(i + 1) } as const,
    { role: "assistant", content: "a" } as const,
  ]);
  const { promptLength, responseLength, rows: count } = measureConversations(rows, (text) => text.length);
  expect(promptLength).toEqual({ mean: 10.5, median: 10, p95: 19, max: 20 });
  expect(responseLength).toEqual({ mean: 1, median: 1, p95: 1, max: 1 });
  expect(count).toBe(20);
});
