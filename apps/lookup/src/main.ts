import { learnToLookUp } from "./lookup.js";

const { before, after } = await learnToLookUp(300, 40);
console.table({ "after the cold start": before, "after RL": after });
