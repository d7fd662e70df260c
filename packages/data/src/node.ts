/**
 * Datasets and tokenizers out of files, in Node.js. Everything else of the package works in a browser too and is in its main entry.
 *
 * @packageDocumentation
 */
export { loadProblems, streamProblems, streamRows, type LoadProblemsOptions } from "./dataset.js";
export { loadTokenizer } from "./load-tokenizer.js";
export { loadModelTokenizer } from "./load-model-tokenizer.js";
