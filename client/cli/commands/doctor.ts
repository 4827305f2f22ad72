/** `nmp doctor`: what an instance lacks to run an image, each with the one line that mends it. */
import { isNmpError, NmpError } from '../../../shared/errors.ts';
import { systemClock } from '../../../shared/runtime.ts';
import { type DoctorInit, examine, type Finding } from '../doctor/checks.ts';
import { thisSystem } from '../doctor/system.ts';
import { readBounded } from '../files.ts';
import { loadImage } from '../node-side.ts';
import type { Register } from '../register.ts';

interface Options {
  readonly image?: string;
  readonly memory: string;
  readonly cpus: string;
  readonly nitroCli: string;
  readonly region?: string;
  readonly json?: boolean;
}

/** The region's name goes into a host name: nothing but such a name may. */
const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

/** The image against the memory that it is to get. */
async function examineImage(file: string, memoryMiB: number): Promise<Finding> {
  const { EIF_BYTES_MAX, checkImage, memoryNeededMiB } = await loadImage();
  try {
    const eif = await readBounded(file, EIF_BYTES_MAX);
    const facts = checkImage({ clock: systemClock }, eif, { memoryMiB });
    const found = `needs ${memoryNeededMiB(facts)} MiB of ${memoryMiB} MiB`;
    return { id: 'image', status: 'pass', found };
  } catch (error) {
    if (!isNmpError(error)) throw error;
    const { code, message, remedy } = error;
    return { id: 'image', status: 'fail', found: file, code, cause: message, remedy };
  }
}

function sizeOf(text: string, name: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new NmpError('USAGE', `${name} takes a whole number above zero`);
}

async function doctor(options: Options): Promise<void> {
  const { region } = options;
  if (region !== undefined && !REGION.test(region)) {
    throw new NmpError('USAGE', '--region takes the name of an AWS region');
  }
  const init: DoctorInit = {
    memoryMiB: sizeOf(options.memory, '--memory'),
    cpus: sizeOf(options.cpus, '--cpus'),
    nitroCli: options.nitroCli,
    ...(region === undefined ? {} : { region }),
  };
  const findings = await examine(thisSystem, init);
  if (options.image !== undefined) findings.push(await examineImage(options.image, init.memoryMiB));
  if (options.json === true) process.stdout.write(`${JSON.stringify(findings)}\n`);
  else {
    for (const { id, status, found, code, cause, remedy } of findings) {
      process.stdout.write(`${status.padEnd(4)}  ${id.padEnd(10)} ${found}\n`);
      if (status !== 'fail') continue;
      process.stdout.write(
        `        ${cause ?? ''}\n        ${code ?? ''}\n        ${remedy ?? ''}\n`,
      );
    }
  }
  const worst = findings.find(({ status }) => status === 'fail');
  if (worst?.code !== undefined) process.exitCode = new NmpError(worst.code).exit;
}

export const registerDoctor: Register = (program) => {
  program
    .command('doctor')
    .description('Check that this instance can run an enclave, and say what mends it.')
    .option('--image <eif>', 'also check this image')
    .option('--memory <MiB>', 'memory of the enclave', '2048')
    .option('--cpus <n>', 'CPUs of the enclave', '2')
    .option('--nitro-cli <program>', 'the program that runs enclaves', 'nitro-cli')
    .option('--region <name>', 'AWS region whose KMS the enclave asks')
    .option('--json', 'a JSON list')
    .action(doctor);
};
