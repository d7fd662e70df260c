/**
 * One way to open an HTTP server: loopback by default, keys, limits on bodies and on work, deadlines, metrics and an orderly end.
 *
 * @packageDocumentation
 */
export { httpApp, onlyMethod, type HttpAppOptions } from "./http-app.js";
export { HttpFault, type HttpFaultDetails } from "./http-fault.js";
export { HttpMetrics } from "./http-metrics.js";
export { readJsonBody, type JsonBodyLimits } from "./json-body.js";
export { isLoopback, openServer, type HttpServer, type OpenServerOptions, type ServerAddress } from "./open-server.js";
export { requestJson, type JsonAnswer, type JsonRequest } from "./request-json.js";
export { RequestGate, type RequestGateOptions, type RequestTurn } from "./request-gate.js";
export { isTimeout, requestSignal, type RequestEnds, type RequestSignal } from "./request-signal.js";
