/**
 * Errors, counter-based random numbers, shape checks and small helpers that every retool-ts package shares.
 *
 * @packageDocumentation
 */
export { defined, type Defined } from "./defined.js";
export { InputError, InputErrors, RetoolError, ShapeError, type InputProblem } from "./errors.js";
export { groupBy } from "./group-by.js";
export { parseExactJson, type ExactJson } from "./json.js";
export { nearestName } from "./nearest-name.js";
export { philox4x32, RandomStream, streamKey, uniformAt, type StreamLabel, type Words4 } from "./random.js";
export { assertSameLength, assertShape, type Shaped } from "./shape.js";
