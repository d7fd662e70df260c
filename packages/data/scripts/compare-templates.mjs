// Compares rendered chat templates with the references that template_reference.py wrote; needs the built package.
//
//   node compare-templates.mjs FOLDER
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renderChat } from "../dist/index.js";

const { variables, tools, conversations, templates } = JSON.parse(readFileSync(join(process.argv[2], "templates.json"), "utf8"));

function render(template, { name, tools: withTools, generation, thinking }) {
  const further = thinking === undefined ? {} : { enable_thinking: thinking };
  const options = { addGenerationPrompt: generation, variables: { ...variables, ...further } };
  try {
    return { text: renderChat(template, conversations[name], withTools ? { ...options, tools } : options) };
  } catch (error) {
    return { error: error.message };
  }
}

/** Where two texts part. */
function parting(a, b) {
  let at = 0;
  while (a[at] === b[at]) at++;
  return `found ${JSON.stringify(a.slice(at, at + 60))}, expected ${JSON.stringify(b.slice(at, at + 60))} after ${JSON.stringify(b.slice(Math.max(0, at - 30), at))}`;
}

let [equal, refused, different] = [0, 0, 0];
for (const { name, template, cases } of templates) {
  const problems = new Map();
  for (const expected of cases) {
    const found = render(template, expected);
    if (found.text !== undefined && found.text === expected.text) equal++;
    else if (found.error !== undefined && expected.error !== undefined) refused++;
    else {
      different++;
      const problem =
        found.text !== undefined && expected.text !== undefined
          ? parting(found.text, expected.text)
          : `found ${JSON.stringify(found).slice(0, 200)}, expected ${JSON.stringify(expected.text ?? expected.error).slice(0, 120)}`;
      problems.set(problem, [
        ...(problems.get(problem) ?? []),
        `${expected.name}${expected.tools ? "+tools" : ""}${expected.generation ? "+generation" : ""}`,
      ]);
    }
  }
  if (problems.size > 0) console.log(`${name}: ${[...problems].map(([problem, where]) => `\n  ${where.join(" ")}: ${problem}`).join("")}`);
}
console.log(`${templates.length} templates: ${equal} texts equal, ${refused} refused by both, ${different} different`);
process.exitCode = different === 0 ? 0 : 1;
