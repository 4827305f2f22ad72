/**
 * QUIC into a booted image: datagrams through parent and vsock to an endpoint on the enclave's own
 * loopback. Needs what `make test-boot` builds, and is skipped without it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NmpClient } from '../../client/nmp-client.ts';
import {
  BOOT_MS,
  type Booted,
  boot,
  CALL_MS,
  clientOf,
  PATIENCE_MS,
  ROOT,
  TOOLS,
} from '../support/boot.ts';
import { constantModule } from '../support/modules.ts';

const CONFIG = join(ROOT, 'test', 'support', 'quic', 'nmp.node.json');
const FOLDER = process.env.NMP_BOOT_QUIC ?? join(ROOT, 'build', 'quic');

describe.skipIf(TOOLS === undefined)('an image that answers over QUIC', () => {
  let booted: Booted;
  let client: NmpClient;

  beforeAll(async () => {
    booted = await boot('sim', {
      image: join(FOLDER, 'enclave-sim.eif'),
      configFile: CONFIG,
      memoryMiB: 400,
      log: 'quic',
    });
    client = clientOf(booted.parent.ready);
  }, BOOT_MS);
  afterAll(async () => {
    await client?.close();
    await booted?.parent.stop();
  }, PATIENCE_MS);

  it(
    'attests and answers over it, and no TCP connection is made',
    async () => {
      const { pcrs } = JSON.parse(readFileSync(join(FOLDER, 'pcrs-sim.json'), 'utf8'));
      expect(booted.parent.ready.pcrs.pcr0).toBe(pcrs.PCR0);
      const peer = await client.connect(booted.parent.quicAddress ?? '', { timeoutMs: CALL_MS });
      const request = { module: constantModule('{"n":7}'), args: {}, capability: 'small' };
      const { output, report } = await client.run(peer, request, { timeoutMs: CALL_MS });
      expect(output).toEqual({ n: 7 });
      expect(report.verdict).toBe('pass');
      expect(booted.parent.metrics().opened).toBe(0);
      expect(booted.parent.datagrams()?.datagramsOut).toBeGreaterThan(3);
    },
    PATIENCE_MS,
  );
});
