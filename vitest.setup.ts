import fc from "fast-check";

// Property tests try the same inputs at every run, so that a failure is a change's own; RETOOL_FUZZ_SEED=N tries others.
fc.configureGlobal({ seed: Number(process.env["RETOOL_FUZZ_SEED"] ?? 20_250_417) });
