/** Boots an image as a Nitro enclave of this instance, through nitro-cli. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NmpError } from '../../shared/errors.ts';
import type { Machine, MachineDriver } from './machine.ts';
import type { NitroCli, NitroEnclave, NitroRunInit } from './nitro-cli.ts';
import { KeptProgram } from './program.ts';
import { waitForFile } from './wait.ts';

export interface NitroInit extends NitroRunInit {
  /** The `nmp-agent` program: vsock for a parent that cannot speak it. */
  readonly agent: string;
  /** How often nitro-cli is asked whether the enclave still runs. */
  readonly pollMs: number;
}

class NitroMachine implements Machine {
  readonly ended: Promise<number | null>;
  readonly #cli: NitroCli;
  readonly #enclave: NitroEnclave;
  readonly #bridge: KeptProgram;
  #stopped = false;

  constructor(cli: NitroCli, enclave: NitroEnclave, bridge: KeptProgram, pollMs: number) {
    this.#cli = cli;
    this.#enclave = enclave;
    this.#bridge = bridge;
    this.ended = this.#gone(pollMs);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#bridge.stop();
    // One that has ended by itself is no longer there to be ended.
    await this.#cli.terminate(this.#enclave.EnclaveID).catch(() => undefined);
  }

  async #gone(pollMs: number): Promise<null> {
    while (!this.#stopped) {
      await sleep(pollMs, undefined, { ref: false });
      // A question that fails once is not an enclave that is gone: the next one tells.
      const running = await this.#cli.running(this.#enclave.EnclaveID).catch(() => true);
      if (!running) break;
    }
    return null;
  }
}

export function createNitroDriver(
  { cli }: { readonly cli: NitroCli },
  init: NitroInit,
): MachineDriver {
  return {
    async boot(directory): Promise<Machine> {
      // nitro-cli answers the heartbeat itself, and returns when the enclave has booted.
      const enclave = await cli.run(init);
      // An enclave outlives its bridge, which is started anew.
      const bridge = new KeptProgram({
        program: init.agent,
        args: ['parent', '--directory', directory, '--cid', String(enclave.EnclaveCID)],
      });
      const machine = new NitroMachine(cli, enclave, bridge, init.pollMs);
      try {
        await waitForFile(join(directory, 'mesh.sock'), bridge.current);
        return machine;
      } catch (cause) {
        await machine.stop();
        throw new NmpError('ENCLAVE_RUN', undefined, { cause });
      }
    },
  };
}
