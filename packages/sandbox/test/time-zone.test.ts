import { afterAll, beforeAll, expect, test } from "vitest";
import { createSandbox, type Sandbox } from "../src/index.js";

let sandbox: Sandbox;
let before: string | undefined;
beforeAll(async () => {
  before = process.env["TZ"];
  process.env["TZ"] = "America/New_York";
  sandbox = await createSandbox();
});
afterAll(async () => {
  if (before === undefined) delete process.env["TZ"];
  else process.env["TZ"] = before;
  await sandbox.close();
});

test("the host of this test is not in UTC", () => {
  expect(new Date(0).getHours()).toBe(19);
});

test.each([
  ["new Date(0).getTimezoneOffset()", "0"],
  ["new Date(0).getHours()", "0"],
  ["new Date(0).toString()", "'Thu Jan 01 1970 00:00:00 GMT+0000'"],
  ["new Date(2020, 6, 1).toISOString()", "'2020-07-01T00:00:00.000Z'"],
  ["Date.parse('2020-07-01T00:00') - Date.UTC(2020, 6, 1)", "0"],
])("%s is in UTC", async (code, value) => {
  expect((await sandbox.run(code)).feedback).toBe(value);
});
