import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { HeartbeatServer } from '../../../parent/supervisor/heartbeat.ts';
import { createMachineSupervisor, type Machine } from '../../../parent/supervisor/machine.ts';
import { createNitroDriver } from '../../../parent/supervisor/nitro.ts';
import { createNitroCli } from '../../../parent/supervisor/nitro-cli.ts';
import { KeptProgram, Program } from '../../../parent/supervisor/program.ts';
import type { Supervisor, SupervisorEvent } from '../../../parent/supervisor/supervisor.ts';
import { systemClock } from '../../../shared/runtime.ts';
import {
  type ControlReport,
  encodeControlLine,
  parseControlHello,
} from '../../../shared/wire/control.ts';
import { codeOfAsync } from '../../support/code-of.ts';

const folder = mkdtempSync(join(tmpdir(), 'nmp-machine-'));
const supervisors: Supervisor[] = [];
const servers: Server[] = [];
afterEach(async () => {
  for (const supervisor of supervisors.splice(0)) await supervisor.stop();
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const pcr = '00'.repeat(48);
const ready: ControlReport = {
  type: 'ready',
  ready: { peerId: 'p', mode: 'nitro', pcrs: { pcr0: pcr, pcr1: pcr, pcr2: pcr } },
};

/** Machines that are nothing but what they report. */
function machines(
  scripts: readonly (readonly ControlReport[])[],
  bootTimeoutMs = 5_000,
  role?: 'node' | 'prover',
) {
  const greetings: string[] = [];
  const boots: { directory: string; end: (code: number | null) => void; stopped: boolean }[] = [];
  const supervisor = createMachineSupervisor(
    { clock: systemClock },
    {
      announce: () => ['/ip4/10.0.0.1/tcp/1'],
      startTimeoutMs: 5_000,
      bootTimeoutMs,
      ...(role && { role }),
      driver: {
        async boot(directory): Promise<Machine> {
          const { promise, resolve } = Promise.withResolvers<number | null>();
          const boot = { directory, end: resolve, stopped: false };
          boots.push(boot);
          const script = scripts[boots.length - 1] ?? [];
          const socket = connect(join(directory, 'vsock_5007'));
          socket.on('error', () => undefined);
          socket.once('data', (chunk) => {
            greetings.push(String(chunk));
            for (const report of script) socket.write(encodeControlLine(report));
          });
          return {
            ended: promise,
            stop: async () => {
              boot.stopped = true;
              socket.destroy();
            },
          };
        },
      },
    },
  );
  supervisors.push(supervisor);
  const events: SupervisorEvent[] = [];
  supervisor.onEvent((event) => events.push(event));
  return { supervisor, boots, events, greetings };
}

describe('a supervised machine', () => {
  it('is ready when its enclave says so, and is dialled in its folder', async () => {
    const { supervisor, boots } = machines([[ready]]);
    expect(await supervisor.start()).toEqual(ready.ready);
    const directory = boots[0]?.directory ?? '';
    const mesh = createServer((socket) => socket.end('hello'));
    servers.push(mesh);
    await new Promise<void>((resolve) => mesh.listen(join(directory, 'mesh.sock'), resolve));
    const socket = supervisor.dialer.dial();
    const [chunk] = await socket.toArray();
    expect(String(chunk)).toBe('hello');
  });

  it('is told its role, at every boot the same, and none if it is a node', async () => {
    const { supervisor, boots, greetings } = machines([[ready], [ready]], 5_000, 'prover');
    await supervisor.start();
    boots[0]?.end(1);
    await expect.poll(() => greetings.length, { timeout: 5_000 }).toBe(2);
    for (const greeting of greetings) expect(parseControlHello(greeting).role).toBe('prover');
    const node = machines([[ready]]);
    await node.supervisor.start();
    expect(JSON.parse(node.greetings[0] ?? '')).not.toHaveProperty('role');
  });

  it('reaches one outbound socket from every boot', async () => {
    const { supervisor, boots } = machines([[ready], [ready]]);
    const outbound = createServer((socket) => socket.end('out'));
    servers.push(outbound);
    await new Promise<void>((resolve) => outbound.listen(supervisor.outboundPath, resolve));
    await supervisor.start();
    boots[0]?.end(1);
    await expect.poll(() => boots.length, { timeout: 5_000 }).toBe(2);
    for (const { directory } of boots.slice(1)) {
      const chunks = await connect(join(directory, 'vsock_5006')).toArray();
      expect(String(chunks[0])).toBe('out');
    }
  });

  it.each(['AGENT_ENTROPY', 'AGENT_NODE_ENDED', 'CONFIG_INVALID'])(
    'that fails at its first start with %s is not tried again',
    async (code) => {
      const last: ControlReport = { type: 'failure', code: 'AGENT_NODE_ENDED', exit: 2 };
      const { supervisor, boots } = machines([[{ type: 'failure', code, exit: 2 }, last]]);
      expect(await codeOfAsync(supervisor.start())).toBe(code);
      expect(boots).toHaveLength(1);
      expect(boots[0]?.stopped).toBe(true);
    },
  );

  it('with an unknown reason fails all the same', async () => {
    const { supervisor } = machines([
      [
        { type: 'failure', code: 'NOT_OURS', exit: 1 },
        { type: 'failure', code: 'AGENT_NODE_ENDED', exit: 1 },
      ],
    ]);
    expect(await codeOfAsync(supervisor.start())).toBe('NODE_START');
  });

  it('that ends is booted anew in a folder of its own', async () => {
    const { supervisor, boots, events } = machines([[ready], [ready]]);
    await supervisor.start();
    boots[0]?.end(1);
    await expect.poll(() => boots.length, { timeout: 5_000 }).toBe(2);
    await expect.poll(() => events.filter(({ type }) => type === 'ready').length).toBe(2);
    expect(events[1]).toMatchObject({ type: 'exit', code: 1 });
    expect(boots[1]?.directory).not.toBe(boots[0]?.directory);
  });

  it('that is silent for as long as a boot may take is ended, and booted anew', async () => {
    const { supervisor, boots, events } = machines([[], [ready]], 300);
    expect(await supervisor.start()).toEqual(ready.ready);
    expect(boots).toHaveLength(2);
    expect(boots[0]?.stopped).toBe(true);
    expect(events[0]).toMatchObject({ type: 'exit', silent: true });
    // Ready ends the waiting: this one goes on.
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(boots).toHaveLength(2);
    expect(boots[1]?.stopped).toBe(false);
  });

  it('that is silent after a restart is ended as well', async () => {
    const { supervisor, boots, events } = machines([[ready], [], [ready]], 300);
    await supervisor.start();
    boots[0]?.end(1);
    await expect.poll(() => boots.length, { timeout: 10_000 }).toBe(3);
    await expect.poll(() => events.filter(({ type }) => type === 'ready').length).toBe(2);
  });

  it('that is never ready fails its first start with a code', async () => {
    const { supervisor, boots } = machines([], 1_500);
    expect(await codeOfAsync(supervisor.start())).toBe('NODE_START');
    expect(boots.length).toBeGreaterThan(1);
    expect(boots.at(-1)?.stopped).toBe(true);
  });

  it('is stopped for good', async () => {
    const { supervisor, boots, events } = machines([[ready]]);
    await supervisor.start();
    await supervisor.stop();
    boots[0]?.end(0);
    expect(boots[0]?.stopped).toBe(true);
    expect(events.at(-1)).toEqual({ type: 'stopped' });
  });
});

describe('the heartbeat', () => {
  it('is echoed if it is one byte 0xB7, and nothing else is', async () => {
    let beats = 0;
    const path = join(folder, 'beat');
    const server = new HeartbeatServer(path, () => beats++);
    await server.listen();
    const say = async (bytes: Uint8Array) => {
      const socket = connect(path);
      socket.write(bytes);
      return Buffer.concat(await socket.toArray());
    };
    expect(await say(Uint8Array.of(0xb7))).toEqual(Buffer.from([0xb7]));
    expect(await say(Uint8Array.of(0xb8))).toHaveLength(0);
    expect(await say(Uint8Array.of(0xb7, 0xb7))).toHaveLength(0);
    expect(beats).toBe(1);
    await server.close();
  });
});

describe('a program beside the parent', () => {
  it('is ended by its number, and its end is seen', async () => {
    const sleeper = new Program({ program: '/bin/sleep', args: ['60'] });
    await sleeper.stop();
    expect(await sleeper.ended).toBeNull();
    await sleeper.stop();
    const missing = new Program({ program: join(folder, 'missing'), args: [] });
    expect(await missing.ended).toBeNull();
  });
});

it('a program ends with a parent that ends without stopping it', () => {
  const source = join(import.meta.dirname, '..', '..', '..', 'parent', 'supervisor', 'program.ts');
  const script = `const { Program } = await import(${JSON.stringify(source)});
    const sleeper = new Program({ program: '/bin/sleep', args: ['60'] });
    process.stdout.write(String(sleeper.pid));
    process.exit(3);`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(status).toBe(3);
  // Gone, or a zombie that its new parent has not waited for.
  const alive = () => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${stdout}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  return expect.poll(alive).toBe(false);
});

it('a kept program is started again until it is stopped', async () => {
  const count = join(folder, 'count');
  const kept = new KeptProgram({ program: '/bin/sh', args: ['-c', `echo x >>${count}`] });
  await expect
    .poll(() => readFileSync(count, 'utf8').length, { timeout: 10_000 })
    .toBeGreaterThan(3);
  await kept.stop();
  const before = readFileSync(count, 'utf8').length;
  await kept.current.ended;
  expect(readFileSync(count, 'utf8').length).toBe(before);
});

/** nitro-cli's stand-in: writes what it was asked, answers from files. */
function fakeCli(answers: Readonly<Record<string, string>>): {
  program: string;
  asked: () => string;
} {
  const at = mkdtempSync(join(folder, 'cli-'));
  for (const [name, answer] of Object.entries(answers)) writeFileSync(join(at, name), answer);
  const program = join(at, 'nitro-cli');
  writeFileSync(program, `#!/bin/sh\necho "$@" >>${at}/asked\nexec cat ${at}/$1\n`);
  chmodSync(program, 0o755);
  return { program, asked: () => readFileSync(join(at, 'asked'), 'utf8') };
}

const RUN = JSON.stringify({
  EnclaveName: 'enclave',
  EnclaveID: 'i-0123456789abcdef0-enc0123456789abcde',
  ProcessID: 4711,
  EnclaveCID: 16,
  NumberOfCPUs: 2,
  CPUIDs: [1, 3],
  MemoryMiB: 2048,
});
const DESCRIBE = JSON.stringify([
  { EnclaveID: 'i-0123456789abcdef0-enc0123456789abcde', State: 'RUNNING', Flags: 'NONE' },
]);
const init = { image: '/x.eif', memoryMiB: 2048, cpus: 2, debug: false };

describe('nitro-cli', () => {
  it('is asked in its own words and read strictly', async () => {
    const { program, asked } = fakeCli({
      'run-enclave': RUN,
      'describe-enclaves': DESCRIBE,
      'terminate-enclave': '{}',
    });
    const cli = createNitroCli(program);
    const enclave = await cli.run({ ...init, debug: true });
    expect(enclave.EnclaveCID).toBe(16);
    expect(await cli.running(enclave.EnclaveID)).toBe(true);
    expect(await cli.running('i-0-enc0')).toBe(false);
    await cli.terminate(enclave.EnclaveID);
    expect(asked().split('\n').slice(0, 3)).toEqual([
      'run-enclave --eif-path /x.eif --memory 2048 --cpu-count 2 --debug-mode',
      'describe-enclaves',
      'describe-enclaves',
    ]);
    expect(asked()).toContain(`terminate-enclave --enclave-id ${enclave.EnclaveID}`);
  });

  it.each([
    ['no JSON', 'Start allocating memory...'],
    ['a CID of the host', RUN.replace('16', '3')],
    ['another name', RUN.replace('i-0123', '--help')],
  ])('is refused with %s', async (_, answer) => {
    const cli = createNitroCli(fakeCli({ 'run-enclave': answer }).program);
    expect(await codeOfAsync(cli.run(init))).toBe('ENCLAVE_RUN');
  });

  it('that is missing is said to be', async () => {
    const cli = createNitroCli(join(folder, 'no-nitro-cli'));
    expect(await codeOfAsync(cli.run(init))).toBe('ENCLAVE_RUN');
  });

  it('terminates an enclave that is stopped', async () => {
    const { program, asked } = fakeCli({
      'run-enclave': RUN,
      'describe-enclaves': DESCRIBE,
      'terminate-enclave': '{}',
    });
    const agent = join(folder, 'agent');
    writeFileSync(agent, '#!/bin/sh\nmkdir -p "$3"; : >"$3/mesh.sock"; exec cat\n');
    chmodSync(agent, 0o755);
    const driver = createNitroDriver(
      { cli: createNitroCli(program) },
      { ...init, agent, pollMs: 20 },
    );
    const directory = mkdtempSync(join(folder, 'run-'));
    const machine = await driver.boot(directory);
    await machine.stop();
    expect(await machine.ended).toBeNull();
    expect(asked()).toContain('terminate-enclave');
  });

  it('is asked whether the enclave still runs, and its end is the machine’s', async () => {
    const { program } = fakeCli({
      'run-enclave': RUN,
      'describe-enclaves': '[]',
      'terminate-enclave': '{}',
    });
    const agent = join(folder, 'agent2');
    writeFileSync(agent, '#!/bin/sh\n: >"$3/mesh.sock"; exec cat\n');
    chmodSync(agent, 0o755);
    const driver = createNitroDriver(
      { cli: createNitroCli(program) },
      { ...init, agent, pollMs: 20 },
    );
    const machine = await driver.boot(mkdtempSync(join(folder, 'run-')));
    expect(await machine.ended).toBeNull();
    await machine.stop();
  });
});
