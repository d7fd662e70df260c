import { setTimeout } from "node:timers/promises";
import { runProcess } from "../src/shell/process.js";

// A command line with commands that last until Ctrl-C: one saves and says how to go on, one only stops, one does not listen.
await runProcess(process.argv.slice(2), (program, { print, signal, reporter }) => {
  const work = async (after: () => void) => {
    print("ready");
    await setTimeout(30_000, undefined, { signal }).catch(() => {});
    after();
  };
  program.command("saves").action(() =>
    work(() => {
      throw Object.assign(new Error("saved; go on with: retool train --resume"), { name: "AbortError" });
    }),
  );
  program.command("stops").action(() => work(() => signal.throwIfAborted()));
  program.command("returns").action(() => work(() => reporter.say("saved by itself")));
  program.command("fails").action(() => {
    throw new TypeError("nobody foresaw this");
  });
  program.command("waits").action(() => new Promise<void>(() => print("ready")));
  program.command("stubborn").action(async () => {
    print("ready");
    await setTimeout(30_000);
  });
});
