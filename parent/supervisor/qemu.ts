/**
 * Boots an image on QEMU's nitro-enclave machine: real measurement and a real /dev/nsm, but one
 * that signs nothing. For tests on machines without Nitro.
 */
import { join } from 'node:path';
import { NmpError } from '../../shared/errors.ts';
import { HeartbeatServer } from './heartbeat.ts';
import type { Machine, MachineDriver } from './machine.ts';
import { KeptProgram, Program } from './program.ts';
import { waitForFile } from './wait.ts';

export interface QemuInit {
  readonly image: string;
  /** What scripts/image/qemu.sh prints: QEMU, vhost-device-vsock, firmware/. */
  readonly tools: string;
  /** The `nmp-agent` program. */
  readonly agent: string;
  readonly memoryMiB: number;
  readonly cpus: number;
  /** File that takes the console of the guest and what the tools say. */
  readonly log?: string;
  readonly onHeartbeat?: () => void;
  /** Told once the machine runs; tests look at the process. */
  readonly onStarted?: (pid: number | undefined) => void;
}

const HEARTBEAT_PORT = 9000;
/** Any context identifier but the reserved ones; the machine is alone in its folder. */
const GUEST_CID = 4;

interface Parts {
  readonly programs: Program[];
  bridge?: KeptProgram;
}

async function startAll(init: QemuInit, directory: string, parts: Parts): Promise<Program> {
  const { programs } = parts;
  const log = init.log === undefined ? {} : { log: init.log };
  const vsock = join(directory, 'vsock');
  const vhost = join(directory, 'vhost.sock');
  const start = (program: string, args: readonly string[]) => {
    const started = new Program({ program, args, ...log });
    programs.push(started);
    return started;
  };
  const device = start(join(init.tools, 'vhost-device-vsock'), [
    '--vm',
    `guest-cid=${GUEST_CID},uds-path=${vsock},socket=${vhost}`,
  ]);
  await waitForFile(vhost, device);
  const machine = start(join(init.tools, 'qemu-system-x86_64'), [
    ...['-M', 'nitro-enclave,vsock=vsock,id=nmp-enclave'],
    ...['-kernel', init.image, '-L', join(init.tools, 'firmware')],
    ...['-m', `${init.memoryMiB}M`, '-smp', String(init.cpus)],
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-no-reboot'],
    ...['-chardev', `socket,id=vsock,path=${vhost}`],
    ...['-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-nodefaults'],
  ]);
  await waitForFile(vsock, machine);
  // The enclave outlives its bridge, which is started anew.
  const bridge = new KeptProgram({
    program: init.agent,
    args: ['parent', '--directory', directory, '--hybrid', vsock],
    ...log,
  });
  parts.bridge = bridge;
  await waitForFile(join(directory, 'mesh.sock'), bridge.current);
  return machine;
}

export function createQemuDriver(init: QemuInit): MachineDriver {
  return {
    async boot(directory): Promise<Machine> {
      const heartbeat = new HeartbeatServer(
        join(directory, `vsock_${HEARTBEAT_PORT}`),
        init.onHeartbeat ?? (() => undefined),
      );
      const parts: Parts = { programs: [] };
      let stopped: Promise<void> | undefined;
      const stop = (): Promise<void> => {
        stopped ??= Promise.all([
          heartbeat.close(),
          parts.bridge?.stop(),
          ...parts.programs.map((program) => program.stop()),
        ]).then(() => undefined);
        return stopped;
      };
      try {
        await heartbeat.listen();
        const machine = await startAll(init, directory, parts);
        init.onStarted?.(machine.pid);
        // Without its vsock the machine is of no use to anyone.
        const ended = Promise.race(parts.programs.map((program) => program.ended)).then(
          async (code) => {
            await stop();
            return code;
          },
        );
        return { ended, stop };
      } catch (cause) {
        await stop();
        throw new NmpError('ENCLAVE_RUN', undefined, { cause });
      }
    },
  };
}
