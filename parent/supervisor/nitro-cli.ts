/** Calls nitro-cli and reads its JSON strictly: it is a program of another make. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { NmpError } from '../../shared/errors.ts';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 1_048_576;

/** Fields that are used, of those that nitro-cli prints (aws-nitro-enclaves-cli 1.5.2). */
const enclaveSchema = z.object({
  EnclaveID: z.string().regex(/^i-[0-9a-f]+-enc[0-9a-f]+$/),
  EnclaveCID: z.int().min(4).max(0xffff_fffe),
  ProcessID: z.int().positive(),
});
const describedSchema = z.array(
  z.object({
    EnclaveID: z.string().max(128),
    State: z.string().max(32),
    Flags: z.string().max(64).exactOptional(),
  }),
);

export type NitroEnclave = z.infer<typeof enclaveSchema>;

export interface NitroRunInit {
  readonly image: string;
  readonly memoryMiB: number;
  readonly cpus: number;
  /** With a console, and with PCRs of zero, which no client accepts unless told to. */
  readonly debug: boolean;
}

export interface NitroCli {
  /** @throws NmpError ENCLAVE_RUN */
  run(init: NitroRunInit): Promise<NitroEnclave>;
  /** True while the enclave runs. @throws NmpError ENCLAVE_RUN */
  running(id: string): Promise<boolean>;
  terminate(id: string): Promise<void>;
}

/** @param program `nitro-cli`, or its path */
export function createNitroCli(program: string): NitroCli {
  const call = async <T>(schema: z.ZodType<T>, args: readonly string[]): Promise<T> => {
    try {
      const { stdout } = await run(program, [...args], { maxBuffer: OUTPUT_BYTES_MAX });
      // It says what it does on stderr; stdout is one JSON value.
      return schema.parse(JSON.parse(stdout));
    } catch (cause) {
      throw new NmpError('ENCLAVE_RUN', `nitro-cli ${args[0]} failed`, { cause });
    }
  };
  return {
    run: ({ image, memoryMiB, cpus, debug }) =>
      call(enclaveSchema, [
        ...['run-enclave', '--eif-path', image, '--memory', String(memoryMiB)],
        ...['--cpu-count', String(cpus), ...(debug ? ['--debug-mode'] : [])],
      ]),
    async running(id) {
      const all = await call(describedSchema, ['describe-enclaves']);
      return all.some((one) => one.EnclaveID === id && one.State === 'RUNNING');
    },
    async terminate(id) {
      await call(z.unknown(), ['terminate-enclave', '--enclave-id', id]);
    },
  };
}
