import { expect, test } from "vitest";
import { probeServer, reportLines, TinkerClient } from "@retool-ts/tinker";

const baseUrl = process.env["RETOOL_TINKER_URL"];
const vocabSize = Number(process.env["RETOOL_TINKER_VOCAB"] ?? 260);
const eosTokenId = Number(process.env["RETOOL_TINKER_EOS"] ?? 258);

test.skipIf(baseUrl === undefined)("probe", { timeout: 1_200_000 }, async () => {
  const client = await TinkerClient.connect({
    baseUrl: baseUrl!,
    apiKey: "tml-local",
    vocabSize,
    headers: { authorization: "Bearer tml-local" },
    onRetry: (n) => console.log(n),
  });
  try {
    const baseModel = process.env["RETOOL_TINKER_MODEL"] ?? client.modelNames[0]!;
    const report = await probeServer(client, { baseModel, vocabSize, eosTokenId });
    for (const [question, answer] of reportLines(report)) console.log(question.padEnd(42), answer);
    for (const { name, value } of report.measurements) console.log("   ", name.padEnd(60), value.toFixed(4));
    expect(report.semantics.losses).toContain("cross_entropy");
  } finally {
    await client.close();
  }
});
