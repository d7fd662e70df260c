import { expect, test } from "vitest";
import { parseHubReference } from "./hub-reference.js";

test.each([
  ["hub:owner/name", { hub: "huggingface", repo: "owner/name", path: undefined, revision: undefined }],
  ["hub:owner/name@v1", { hub: "huggingface", repo: "owner/name", path: undefined, revision: "v1" }],
  [
    "hub:owner/name/data/train.parquet@refs/pr/1",
    { hub: "huggingface", repo: "owner/name", path: "data/train.parquet", revision: "refs/pr/1" },
  ],
  ["modelscope:owner/name/x.gguf", { hub: "modelscope", repo: "owner/name", path: "x.gguf", revision: undefined }],
])("%s", (text, reference) => {
  expect(parseHubReference(text)).toEqual(reference);
});

test.each(["owner/name", "./hub", "runs/hub:x", "C:/models"])("%s is a path", (text) => {
  expect(parseHubReference(text)).toBeUndefined();
});

test("a path that leaves the repository is the writer's to mend", () => {
  expect(() => parseHubReference("hub:owner/name/../x")).toThrow(/found "\.\.\/x"\. To mend it: write the file's path/);
});

test.each([["hub:"], ["hub:owner"], ["hub:owner/"], ["hub:owner/name@"], ["hub:owner/name/../x"], ["hub:../name"]])(
  "%s is refused",
  (text) => {
    expect(() => parseHubReference(text)).toThrow(/^hub: /);
  },
);
