/**
 * What tests of a Tinker client or server need: a network that fails by plan.
 *
 * @packageDocumentation
 */
export { openFaultProxy, seededFaults, type Fault, type FaultProxy, type PassingRequest } from "./fault-proxy.js";
