// The door to this checkout: `node scripts/run.mjs retool|test|build [args]`. Old syntax and no import at the top, so that any
// Node that reads modules can say which one is needed; what it does is in `verbs.mjs`.
const NEEDED = [20, 19];

const found = process.versions.node.split(".").map(Number);
const enough = found[0] > NEEDED[0] || (found[0] === NEEDED[0] && found[1] >= NEEDED[1]);

if (!enough) {
  console.error(
    "retool-ts needs Node " +
      NEEDED.join(".") +
      " or newer; this is Node " +
      process.versions.node +
      " (" +
      process.execPath +
      ").\n" +
      "Get it from https://nodejs.org/ or through a version manager (nvm, fnm, volta), then run the same command again.",
  );
  process.exit(2);
}

import("./verbs.mjs")
  .then((verbs) => verbs.main(process.argv.slice(2)))
  .catch((error) => {
    console.error(error && error.expected ? error.message : error);
    process.exit(1);
  });
