import { describe, expect, test } from "vitest";
import { readRewrittenTrace } from "./rewritten-trace.js";

const CALL = "Now:\n<code>\n```python\nprint(2)\n```\n</code>\n<interpreter>\n2\n</interpreter>\n";
const ANSWER = "<answer> \\boxed{2} </answer>";
const revised = (body: string) => `<revised_thinking_process>\n${body}\n</revised_thinking_process>`;

describe("readRewrittenTrace", () => {
  test("takes the last place in which the tag is opened: a model may speak of it before", () => {
    const reading = readRewrittenTrace(`I put it between <revised_thinking_process> and its end.\n${revised(CALL + ANSWER)}`);
    expect(reading).toMatchObject({ status: "ok", trace: { calls: [{ code: "print(2)", claimed: "2", text: "Now:\n" }], answer: "2" } });
  });

  test("an answer behind the tag belongs to it; with one inside, what is behind does not count", () => {
    expect(readRewrittenTrace(`${revised(CALL)}\n${ANSWER}`)).toMatchObject({ status: "ok", trace: { answer: "2" } });
    expect(readRewrittenTrace(`${revised(CALL + ANSWER)}\nDone.`)).toMatchObject({ status: "ok", trace: { end: `\n${ANSWER}` } });
  });

  test.each([
    ["no tag", CALL + ANSWER, "no <revised_thinking_process>"],
    ["a tag that is not closed", `<revised_thinking_process>${CALL}${ANSWER}`, "no <revised_thinking_process>"],
    ["no output", revised(`<code>1</code>${ANSWER}`), "expected <interpreter>, found <answer>"],
    [
      "text before the output",
      revised(`<code>1</code> so <interpreter>1</interpreter>${ANSWER}`),
      "text between </code> and <interpreter>",
    ],
    ["an empty block", revised(`<code> </code><interpreter></interpreter>${ANSWER}`), "empty or has several fences"],
    [
      "two fences",
      revised(`<code>${"```js\n1\n```\n".repeat(2)}</code><interpreter></interpreter>${ANSWER}`),
      "empty or has several fences",
    ],
    ["no answer", revised(CALL), "expected <answer> … </answer>, found none"],
    ["text behind the answer", revised(`${CALL}${ANSWER} and more`), "text behind </answer>"],
    ["a second answer", revised(CALL + ANSWER + ANSWER), "text behind </answer>"],
    ["no box", revised(`${CALL}<answer>2</answer>`), "an answer without \\boxed{…}"],
    ["an empty box", revised(`${CALL}<answer>\\boxed{ }</answer>`), "an answer without \\boxed{…}"],
  ])("%s is malformed", (_, reply, reason) => {
    expect(readRewrittenTrace(reply)).toEqual({ status: "malformed", reason: expect.stringContaining(reason) });
  });
});
