/**
 * The image itself, booted: QEMU's nitro-enclave machine measures it, the agent in it brings up a
 * node, and a client outside asks through parent and vsock. Needs what `make test-boot` builds, and
 * is skipped without it: an emulated machine takes minutes on a loaded one.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLogic } from '../../client/author/build.ts';
import type { NmpClient } from '../../client/nmp-client.ts';
import type { CpioEntry } from '../../enclave/image/cpio.ts';
import { readEif } from '../../enclave/image/eif-read.ts';
import { writeEif } from '../../enclave/image/eif-write.ts';
import { packRamdisk } from '../../enclave/image/ramdisk.ts';
import type { EnclaveReady } from '../../parent/supervisor/supervisor.ts';
import type { AttestationReport } from '../../shared/attestation/report.ts';
import { utf8 } from '../../shared/bytes.ts';
import { isNmpError } from '../../shared/errors.ts';
import {
  BOOT_MS,
  type Booted,
  boot,
  CALL_MS,
  clientOf,
  EXAMPLES,
  imageOf,
  manifestPcrs,
  PATIENCE_MS,
  ROOT,
  TOOLS,
} from '../support/boot.ts';
import { descendants } from '../support/local-node.ts';
import { constantModule } from '../support/modules.ts';

const COHORT = 'cohort-statistics';
const ARGUMENTS = { condition: '59621000', year: 2026 };

/** PCR8 of the signed image: the certificate, as the device measured it. */
function signerPcr(): string {
  const { pcrs } = JSON.parse(readFileSync(join(ROOT, 'build', 'pcrs-sim.json'), 'utf8'));
  return pcrs.PCR8;
}

const simClient = (ready: EnclaveReady) => clientOf(ready, { pcr8: signerPcr() });

/** Where an enclave can be reached that has started since: its identity is a new one. */
function addressOf({ parent }: Booted, { peerId }: EnclaveReady): string {
  return parent.address.replace(/\/p2p\/.*$/, `/p2p/${peerId}`);
}

const logic = async (name: string) =>
  (await buildLogic(join(EXAMPLES, 'logic', 'assembly', `${name}.ts`))).bytes;

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isNmpError(error)) return error.code;
    throw error;
  }
  return 'released';
}

describe.skipIf(TOOLS === undefined)('the sim image on an emulated Nitro machine', () => {
  let booted: Booted;
  let client: NmpClient;
  let peer: string;

  beforeAll(async () => {
    // All that a node of the example needs to answer, the unpacked image included.
    booted = await boot('sim', { memoryMiB: 400 });
    client = simClient(booted.parent.ready);
    peer = await client.connect(booted.parent.address, { timeoutMs: CALL_MS });
  }, BOOT_MS);
  afterAll(async () => {
    await client?.close();
    await booted?.parent.stop();
  }, PATIENCE_MS);

  const run = (module: Uint8Array, capability: string, args: unknown) =>
    client.run(peer, { module, capability, args }, { timeoutMs: CALL_MS });

  it('beats once a boot and finds in /dev/nsm the PCRs that the builder wrote', () => {
    expect(booted.beats).toBeGreaterThanOrEqual(1);
    expect(booted.beats).toBeLessThanOrEqual(booted.pids.length);
    expect(booted.ready[0]?.pcrs).toEqual(manifestPcrs('sim'));
    expect(booted.ready[0]?.mode).toBe('qemu');
  });

  it('is found by what it can do', async () => {
    const tools = await client.discoverTools(peer, { timeoutMs: CALL_MS });
    expect(tools.map(({ name }) => name)).toContain(COHORT);
  });

  it(
    'answers an honest module, with every check passed and marked as simulated',
    async () => {
      const { output, report } = await run(await logic(COHORT), COHORT, ARGUMENTS);
      expect(report.verdict).toBe('pass');
      expect(report.simulated).toBe(true);
      expect(output).toMatchObject({ groups: [{ sex: 'female' }, { sex: 'male' }] });
    },
    PATIENCE_MS,
  );

  it(
    'lets no record out and no module in that it must not',
    async () => {
      expect(await codeOf(run(await logic('leak'), 'cohort-note', {}))).toBe('EGRESS_BLOCKED');
      const sockets = await readFile(join(EXAMPLES, 'logic', 'sockets.wasm'));
      expect(await codeOf(run(Uint8Array.from(sockets), 'cohort-note', {}))).toBe(
        'GUARDIAN_REJECTED',
      );
      expect(await codeOf(run(await logic('endless'), 'cohort-note', {}))).toBe('SANDBOX_FUEL');
    },
    PATIENCE_MS,
  );

  it(
    'keeps its enclave when the bridge to its vsock is killed',
    async () => {
      const [first] = booted.ready;
      for (const pid of await descendants('nmp-agent')) process.kill(pid, 'SIGKILL');
      const again = async () => {
        const client = simClient(booted.parent.ready);
        try {
          const found = await client.connect(booted.parent.address, { timeoutMs: CALL_MS });
          return (await client.attest(found, { timeoutMs: CALL_MS })).verdict;
        } catch {
          return undefined;
        } finally {
          await client.close();
        }
      };
      await expect.poll(again, { timeout: CALL_MS, interval: 500 }).toBe('pass');
      expect(booted.ready).toEqual([first]);
    },
    PATIENCE_MS,
  );

  it(
    'is refused by a client that trusts another image or another root',
    async () => {
      const [ready] = booted.ready;
      if (ready === undefined) throw new Error('not ready');
      const pcr0 = `${ready.pcrs.pcr0.startsWith('0') ? '1' : '0'}${ready.pcrs.pcr0.slice(1)}`;
      const otherImage = simClient({ ...ready, pcrs: { ...ready.pcrs, pcr0 } });
      const otherRoot = simClient({ ...ready, simulatedRoot: 'ab'.repeat(32) });
      try {
        for (const [stranger, code] of [
          [otherImage, 'ATTESTATION_PCR_UNKNOWN'],
          [otherRoot, 'ATTESTATION_SIMULATED'],
        ] as const) {
          const found = await stranger.connect(booted.parent.address, { timeoutMs: CALL_MS });
          const report = await stranger.attest(found, { timeoutMs: CALL_MS });
          expect(report.verdict).toBe('fail');
          expect(report.checks.map((check) => check.code)).toContain(code);
        }
      } finally {
        await otherImage.close();
        await otherRoot.close();
      }
    },
    PATIENCE_MS,
  );

  it(
    'comes back after its machine was killed, as a new enclave of the same measurements',
    async () => {
      const [first] = booted.ready;
      process.kill(booted.pids.at(-1) ?? 0, 'SIGKILL');
      while (booted.ready.length < 2) await sleep(100);
      const second = booted.ready[1];
      if (first === undefined || second === undefined) throw new Error('not ready');
      expect(booted.beats).toBeGreaterThanOrEqual(2);
      expect(booted.beats).toBeLessThanOrEqual(booted.pids.length);
      expect(second.pcrs).toEqual(first.pcrs);
      expect(second.peerId).not.toBe(first.peerId);
      expect(second.simulatedRoot).not.toBe(first.simulatedRoot);
      await using again = simClient(second);
      const found = await again.connect(addressOf(booted, second), { timeoutMs: CALL_MS });
      const module = constantModule('{"note":"a cohort"}');
      const answer = await again.run(
        found,
        { module, capability: 'cohort-note', args: {} },
        { timeoutMs: CALL_MS },
      );
      expect(answer.report.verdict).toBe('pass');
    },
    PATIENCE_MS,
  );
});

describe.skipIf(TOOLS === undefined)('an image whose node does not run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-boot-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each<[string, readonly CpioEntry[]]>([
    // The agent finds no command.
    ['AGENT_START', [{ kind: 'folder', path: 'app', mode: 0o755 }]],
    // The agent starts itself, which below a first process only says how it is used.
    [
      'AGENT_NODE_ENDED',
      [{ kind: 'file', path: 'app/command', mode: 0o444, data: utf8('/init\nhelp\n') }],
    ],
  ])(
    'says %s over vsock and powers off, once',
    async (code, application) => {
      const { kernel, cmdline, ramdisks } = readEif(Uint8Array.from(readFileSync(imageOf('sim'))));
      const [first = new Uint8Array(0)] = ramdisks;
      const image = join(folder, `${code}.eif`);
      const parts = { arch: 'x86_64', kernel, cmdline } as const;
      writeFileSync(image, writeEif({ ...parts, ramdisks: [first, packRamdisk(application)] }));
      expect(await codeOf(boot('sim', { image }))).toBe(code);
    },
    PATIENCE_MS,
  );
});

describe.skipIf(TOOLS === undefined)('the release image on a machine whose NSM cannot sign', () => {
  let booted: Booted;

  beforeAll(async () => {
    booted = await boot('release');
  }, BOOT_MS);
  afterAll(() => booted?.parent.stop(), PATIENCE_MS);

  it('boots without a console and reports the PCRs that the builder wrote', async () => {
    expect(booted.parent.ready).toMatchObject({ mode: 'nitro', pcrs: manifestPcrs('release') });
    expect(booted.parent.ready.simulatedRoot).toBeUndefined();
    const said = await readFile(join(ROOT, 'build', 'boot-release.log'), 'utf8');
    expect(said).not.toMatch(/Linux version|Run \/init/);
  });

  it(
    'is refused: its documents carry its very PCRs, but no signature',
    async () => {
      let seen: AttestationReport | undefined;
      const client = clientOf(booted.parent.ready, {
        onReport: (report) => {
          seen = report;
        },
      });
      try {
        const peer = await client.connect(booted.parent.address, { timeoutMs: CALL_MS });
        const module = constantModule('{"note":"a cohort"}');
        const call = client.run(
          peer,
          { module, capability: 'cohort-note', args: {} },
          { timeoutMs: CALL_MS },
        );
        expect(await codeOf(call)).toBe('ATTESTATION_ALGORITHM');
        expect(seen?.verdict).toBe('fail');
      } finally {
        await client.close();
      }
    },
    PATIENCE_MS,
  );
});
