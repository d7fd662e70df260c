import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { decodeForwardBackwardOutput, encodeForwardBackwardOutput } from "./forward-backward-output-proto.js";
import { decodeForwardBackwardRequest, encodeForwardBackwardRequest } from "./forward-backward-request-proto.js";
import { jsonBody } from "./json-body.js";
import { decodeSampleResponse, encodeSampleResponse } from "./sample-proto.js";

const repository = resolve(import.meta.dirname, "../../../..");
/** Exchanges of official clients and of a real server, recorded by others: `RETOOL_SHARED` names the folder, or it is `shared` beside the repository. */
const folder = resolve(repository, process.env["RETOOL_SHARED"] ?? "../shared", "peers/fixtures");
const sdkRecordings = ["tinker-sdk-0.25.0", "tinker-sdk-0.38.0", "tinker-cookbook-0.5.8"];
const serverRecordings = ["skyrl-0.4.0-jax"];

interface Exchange {
  readonly path: string;
  readonly request?: { readonly request_id?: string };
  readonly response?: { readonly request_id?: string };
  readonly requestBase64?: string;
  readonly requestProtobuf?: string;
  readonly responseProtobuf?: string;
}

function exchanges(name: string): Exchange[] {
  const lines = join(folder, name, "exchange.jsonl");
  if (!existsSync(lines)) return JSON.parse(readFileSync(join(folder, name, "exchange.json"), "utf8")) as Exchange[];
  const rows = readFileSync(lines, "utf8").trim().split("\n");
  return rows.map((row) => JSON.parse(row) as Exchange);
}

const plain = (message: unknown): unknown => JSON.parse(jsonBody(message));
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

/** Results in bytes, with the route that promised them. */
function results(name: string): { readonly route: string; readonly bytes: Uint8Array; readonly response: unknown }[] {
  const routes = new Map<string, string>();
  return exchanges(name).flatMap(({ path, request, response, responseProtobuf }) => {
    if (response?.request_id) routes.set(response.request_id, path.split("/").at(-1)!);
    const route = routes.get(request?.request_id ?? "");
    // Bodies of megabytes were left out of the recordings, for a note of their length.
    return responseProtobuf === undefined || responseProtobuf.startsWith("<")
      ? []
      : [{ route: route!, bytes: bytesOf(responseProtobuf), response }];
  });
}

const present = existsSync(folder);
if (!present) console.log("skipped: no recorded exchanges; RETOOL_SHARED names the folder that has them");

test.skipIf(!present).each([...sdkRecordings, ...serverRecordings])(
  "%s: requests are read as recorded, and written so that they read alike",
  (name) => {
    const recorded = exchanges(name).flatMap((exchange) => {
      const base64 = exchange.requestBase64 ?? exchange.requestProtobuf;
      return exchange.path.endsWith("/forward_backward") && base64 ? [{ ...exchange, bytes: bytesOf(base64) }] : [];
    });
    expect(recorded.length).toBeGreaterThan(3);
    for (const { bytes, request } of recorded) {
      const decoded = decodeForwardBackwardRequest(bytes);
      // A recording has more or fewer defaults than a reading has: `forward_only`, types and shapes that a client left out.
      expect(plain(decoded)).toMatchObject(request!);
      expect(plain(decodeForwardBackwardRequest(encodeForwardBackwardRequest(decoded)))).toEqual(plain(decoded));
    }
  },
);

test.skipIf(!present).each([...sdkRecordings, ...serverRecordings])("%s: results are read and written so that they read alike", (name) => {
  const recorded = results(name);
  expect(recorded.length).toBeGreaterThan(3);
  for (const { route, bytes, response } of recorded) {
    if (route === "asample") {
      const decoded = decodeSampleResponse(bytes);
      if (response) expect(plain(decoded)).toEqual(response);
      expect(plain(decodeSampleResponse(encodeSampleResponse(decoded)))).toEqual(plain(decoded));
      expect(decoded.sequences.length).toBeGreaterThan(0);
    } else {
      const decoded = decodeForwardBackwardOutput(bytes);
      if (response) expect(plain(decoded)).toEqual(response);
      expect(plain(decodeForwardBackwardOutput(encodeForwardBackwardOutput(decoded)))).toEqual(plain(decoded));
      expect(decoded.loss_fn_outputs.length).toBeGreaterThan(0);
    }
  }
});
