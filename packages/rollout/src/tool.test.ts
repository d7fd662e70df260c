import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineTool } from "./tool.js";

const context = { problemId: "p", sampleIndex: 0, callIndex: 0 };

const divide = defineTool({
  name: "divide",
  description: "Divides.",
  input: z.strictObject({ dividend: z.number(), by: z.number().default(2) }),
  execute: async ({ dividend, by }) => {
    if (by === 0) throw new Error("the wires melted");
    return { text: String(dividend / by), status: "ok", fuel: 3 };
  },
});

describe("call", () => {
  test("runs on input that fits, with defaults filled in", async () => {
    expect(await divide.call({ dividend: 12 }, context)).toEqual({ text: "6", status: "ok", fuel: 3 });
  });

  test("input that does not fit is an error which names the field", async () => {
    const { text, status } = await divide.call({ dividend: "12" }, context);
    expect(status).toBe("error");
    expect(text).toMatch(/^invalid arguments for divide: dividend: .*number/);
  });

  test.each([undefined, null, "12", 12, []])("%j in place of an object is an error", async (input) => {
    const { text, status } = await divide.call(input, context);
    expect(status).toBe("error");
    expect(text).toMatch(/^invalid arguments for divide: input: /);
  });

  test("a tool that throws is infra, and its message stays out of the text", async () => {
    expect(await divide.call({ dividend: 1, by: 0 }, context)).toEqual({ text: "divide is unavailable", status: "infra" });
  });

  test("a tool that throws before it returns a promise is infra", async () => {
    const broken = defineTool({
      name: "broken",
      description: "",
      input: z.unknown(),
      execute: () => {
        throw new Error("at once");
      },
    });
    expect((await broken.call({}, context)).status).toBe("infra");
  });

  test("a schema may check asynchronously", async () => {
    const even = defineTool({
      name: "even",
      description: "",
      input: z.number().refine(async (value) => value % 2 === 0, "must be even"),
      execute: async () => ({ text: "yes", status: "ok" }),
    });
    expect((await even.call(4, context)).text).toBe("yes");
    expect(await even.call(5, context)).toEqual({ text: "invalid arguments for even: input: must be even", status: "error" });
  });

  test("a schema that throws is infra", async () => {
    const broken = defineTool({
      name: "broken",
      description: "",
      input: z.number().refine(() => {
        throw new Error("in the check");
      }),
      execute: async () => ({ text: "", status: "ok" }),
    });
    expect((await broken.call(1, context)).status).toBe("infra");
  });
});

test("parameters are the JSON Schema of what the policy writes", () => {
  expect(divide.parameters).toMatchObject({
    type: "object",
    properties: { dividend: { type: "number" }, by: { type: "number", default: 2 } },
    required: ["dividend"],
    additionalProperties: false,
  });
});

test("the schema types the input", () => {
  defineTool({
    name: "typed",
    description: "",
    input: z.strictObject({ city: z.string(), days: z.number().optional() }),
    execute: async (input) => {
      expectTypeOf(input).toEqualTypeOf<{ city: string; days?: number | undefined }>();
      return { text: input.city, status: "ok" };
    },
  });
  defineTool({
    name: "wrong-field",
    description: "",
    input: z.strictObject({ city: z.string() }),
    // @ts-expect-error - the schema has no field `town`
    execute: async ({ town }) => ({ text: String(town), status: "ok" }),
  });
  defineTool({
    name: "wrong-parameter",
    description: "",
    input: z.strictObject({ city: z.string() }),
    // @ts-expect-error - `city` is a string
    execute: async ({ city }: { city: number }) => ({ text: String(city), status: "ok" }),
  });
  defineTool({
    name: "wrong-status",
    description: "",
    input: z.strictObject({}),
    // @ts-expect-error - not a status
    execute: async () => ({ text: "", status: "fine" }),
  });
});
