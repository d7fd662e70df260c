import { serverSuite } from "./server-suite.js";

/** Any server: `RETOOL_TINKER_URL`, and where it differs `RETOOL_TINKER_MODEL`, `RETOOL_TINKER_KEY`, `RETOOL_TINKER_VOCAB` (rows of the embedding), `RETOOL_TINKER_EOS`. */
const { RETOOL_TINKER_URL: baseUrl, RETOOL_TINKER_MODEL: model, RETOOL_TINKER_KEY: apiKey } = process.env;
const vocabSize = Number(process.env["RETOOL_TINKER_VOCAB"] ?? 128);
const eosTokenId = Number(process.env["RETOOL_TINKER_EOS"] ?? 2);
if (baseUrl === undefined) console.log("skipped: no server to try the client on; RETOOL_TINKER_URL names one");

serverSuite(
  `against ${baseUrl ?? "a server"}`,
  () => Promise.resolve({ baseUrl: baseUrl!, vocabSize, eosTokenId, ...(model && { model }), ...(apiKey && { apiKey }) }),
  { skip: baseUrl === undefined },
);
