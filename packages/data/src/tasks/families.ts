import { digitSum } from "./families/digit-sum.js";
import { divisorCount } from "./families/divisor-count.js";
import { greatestCommonDivisor } from "./families/greatest-common-divisor.js";
import { leastCommonMultiple } from "./families/least-common-multiple.js";
import { linearRecurrence } from "./families/linear-recurrence.js";
import { multiplesSum } from "./families/multiples-sum.js";
import { multiplyAdd } from "./families/multiply-add.js";
import { powerModulo } from "./families/power-modulo.js";
import { primeCount } from "./families/prime-count.js";
import { difference, digitProduct, productSum, sum, sumDifference } from "./families/schoolbook.js";
import { squareResidues } from "./families/square-residues.js";
import { sumAndDifference } from "./families/sum-and-difference.js";
import { purchase, sharing, stock } from "./families/word-problems.js";
import type { TaskFamily } from "./task-family.js";

/** All ten families, in the order in which a task source deals them before shuffling. */
export const taskFamilies: readonly TaskFamily[] = [
  multiplyAdd,
  greatestCommonDivisor,
  leastCommonMultiple,
  powerModulo,
  primeCount,
  digitSum,
  divisorCount,
  linearRecurrence,
  multiplesSum,
  squareResidues,
];

/** Arithmetic that a column at a time solves: small models learn it in text. A recipe that means them names them. */
export const schoolbookFamilies: readonly TaskFamily[] = [sum, difference, digitProduct, productSum, sumDifference];

/** Problems to plan before one computes them: several operations, three of the four told as stories. */
export const multiStepFamilies: readonly TaskFamily[] = [purchase, stock, sharing, sumAndDifference];

/** Every family that has a name, those that a source deals by default first. */
export const namedFamilies: readonly TaskFamily[] = [...taskFamilies, ...schoolbookFamilies, ...multiStepFamilies];
