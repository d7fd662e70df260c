// Compares this package's tokenizers with the references that tokenizer_reference.py wrote; needs the built packages.
//
//   node compare-tokenizers.mjs FOLDER [NAME ...]
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beginningIds, modelTokenizerFromGguf } from "../dist/index.js";
import { loadModelTokenizer } from "../dist/node.js";

const [folder, ...only] = process.argv.slice(2);
const SHOWN = 5;
const texts = JSON.parse(readFileSync(join(folder, "texts.json"), "utf8"));

async function load(path) {
  if (!readdirSync(path).includes("model.gguf")) return (await loadModelTokenizer(path)).tokenizer;
  const { readGgufMetadata } = await import("../../policy/dist/node.js");
  return modelTokenizerFromGguf(await readGgufMetadata(join(path, "model.gguf")), "model.gguf").tokenizer;
}

function streamed(tokenizer, ids, options) {
  const stream = tokenizer.streamDecoder(options);
  return ids.map((id) => stream.push(id)).join("") + stream.flush();
}

/** Number of differences, by kind; the first of each are shown. */
function compare(tokenizer, about, rows) {
  const counts = {};
  const check = (kind, text, found, expected) => {
    if (found === expected) return;
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (counts[kind] <= SHOWN)
      console.log(`  ${kind} ${JSON.stringify(text)}\n    found    ${JSON.stringify(found)}\n    expected ${JSON.stringify(expected)}`);
  };
  if (about.beginning !== undefined) check("beginning", "", beginningIds(tokenizer).join(), about.beginning.join());
  const encode = (text) => (about.untrusted ? tokenizer.encodeUntrusted(text) : tokenizer.encode(text));
  rows.forEach(([ids, decoded, withoutControl], i) => {
    const text = texts[i]; // undefined for rows of random ids
    if (text !== undefined) {
      check("encode", text, encode(text).join(), ids.join());
      const untrusted = tokenizer.encodeUntrusted(text);
      const isControl = (id) => tokenizer.isSpecial(id) && tokenizer.idToToken(id) !== "<unk>";
      check("forged", text, untrusted.filter(isControl).join(), "");
      if (!ids.some((id) => tokenizer.isSpecial(id))) check("untrusted", text, tokenizer.decode(untrusted), tokenizer.decode(ids));
    }
    const skip = { skipSpecialTokens: true };
    check("decode", ids, tokenizer.decode(ids, withoutControl === undefined ? skip : {}), decoded);
    check("stream", ids, streamed(tokenizer, ids), tokenizer.decode(ids));
    if (withoutControl === undefined) return;
    check("decode without control tokens", ids, tokenizer.decode(ids, skip), withoutControl);
    check("stream without control tokens", ids, streamed(tokenizer, ids, skip), tokenizer.decode(ids, skip));
  });
  return counts;
}

let differences = 0;
for (const name of only.length > 0 ? only : readdirSync(join(folder, "cases")).sort()) {
  const path = join(folder, "cases", name);
  const rows = readFileSync(join(path, "expected.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const tokenizer = await load(path);
  const counts = compare(tokenizer, JSON.parse(readFileSync(join(path, "about.json"), "utf8")), rows);
  const found = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`);
  differences += found.length;
  console.log(`${name}: ${texts.length} texts, ${rows.length - texts.length} rows of random ids: ${found.join(", ") || "equal"}`);
}
process.exitCode = differences === 0 ? 0 : 1;
