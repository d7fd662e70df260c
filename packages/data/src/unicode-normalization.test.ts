import { expect, test } from "vitest";
import { composeAsTokenizersDo } from "./unicode-normalization.js";

test("known characters are composed and put in order", () => {
  expect(composeAsTokenizersDo("cafe\u0301 q\u0307\u0323 \u1100\u1161")).toBe("café q\u0323\u0307 가");
});

// Expected: `tokenizers` 0.23.3, normalizers.NFC().normalize_str.
test("marks and letters that are newer than the tables of the Rust tokenizers stand still", () => {
  expect(composeAsTokenizersDo("a\u0301\u08d0\u0323")).toBe("á\u08d0\u0323");
  expect(composeAsTokenizersDo("\u06d8\u08e0\u06a9\u08d0\u0898")).toBe("\u06d8\u08e0\u06a9\u08d0\u0898");
  expect(composeAsTokenizersDo("\u{1611e}\u{1611e} \u{16d67}\u{16d67} \u{11935}\u{11930}")).toBe(
    "\u{1611e}\u{1611e} \u{16d67}\u{16d67} \u{11935}\u{11930}",
  );
  expect(composeAsTokenizersDo("a\u{1e4ef}\u0323e\u0301")).toBe("a\u{1e4ef}\u0323é");
});
