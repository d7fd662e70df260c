import { installNative, nativeStatus, probeBackends, removeNative } from "@retool-ts/policy/node";
import { withKernels } from "../doctor/doctor-backends.js";
import type { CliContext } from "../shell/cli-context.js";

export interface InstallOptions {
  readonly fromTensorflow: string;
  readonly nodeHeaders?: string;
}

/** Builds and installs the binding. */
export async function install({ fromTensorflow, nodeHeaders }: InstallOptions, { print, reporter, signal }: CliContext): Promise<void> {
  const { tensorflow, device } = await installNative({
    python: fromTensorflow,
    ...(nodeHeaders === undefined ? {} : { nodeHeaders }),
    onStep: (step) => reporter.say(`${step} …`),
    signal,
  });
  print(
    `TensorFlow ${tensorflow} (${device}) is installed in ${nativeStatus().folder}; \`backend: auto\` uses it. \`retool doctor\` measures it.`,
  );
}

/** Prints what is installed; returns whether native TensorFlow loads, from wherever. */
export async function status(json: boolean, { print }: Pick<CliContext, "print">): Promise<boolean> {
  const installed = nativeStatus();
  const loads = (await probeBackends()).find(({ native }) => native !== undefined);
  if (json) {
    print(JSON.stringify({ ...installed, loads: loads?.name ?? null, ...loads?.native }, null, 2));
    return loads !== undefined;
  }
  const { folder } = installed;
  switch (installed.state) {
    case "absent":
      print(`Nothing is installed in ${folder}. \`retool native install --from-tensorflow <python>\` does it.`);
      break;
    case "installed":
      print(
        `TensorFlow ${installed.manifest.tensorflow} (${installed.manifest.device}) is installed in ${folder}, linked to ${installed.manifest.library}.`,
      );
      break;
    case "stale":
      print(`What is installed in ${folder} cannot be used: ${installed.reason}.`);
      break;
  }
  print(
    loads?.native === undefined
      ? "Native TensorFlow does not load."
      : `It loads as ${loads.name}: TensorFlow ${loads.native.tensorflow} on the ${loads.native.device}, ${withKernels(loads.native)}.`,
  );
  return loads !== undefined;
}

/** Removes the binding. */
export async function remove({ print }: Pick<CliContext, "print">): Promise<void> {
  const { folder } = nativeStatus();
  print((await removeNative(folder)) ? `Removed the binding from ${folder}.` : `Nothing was installed in ${folder}.`);
}
