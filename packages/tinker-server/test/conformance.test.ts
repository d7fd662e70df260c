import { serverSuite } from "../../tinker/test/server-suite.js";
import { afterAll } from "vitest";
import { TinyServer } from "./tiny-server.js";

let tiny: TinyServer | undefined;
afterAll(() => tiny?.close());

serverSuite("our own server", async () => {
  tiny = await TinyServer.open({ model: { vocabSize: 128, maxPositions: 128 }, base: { vocabSize: 128, eosTokenIds: [2] } });
  return { baseUrl: tiny.server.url, vocabSize: 128, eosTokenId: 2 };
});
