import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { examine } from '../../../../client/cli/doctor/checks.ts';
import { type System, thisSystem } from '../../../../client/cli/doctor/system.ts';
import { ERROR_CODES } from '../../../../shared/errors.ts';

const PAGES = '/sys/kernel/mm/hugepages/hugepages-';
const FILES = {
  '/etc/nitro_enclaves/allocator.yaml': '---\n# memory\nmemory_mib: 4096\ncpu_count: 2 # two\n',
  [`${PAGES}2048kB/free_hugepages`]: '512\n',
  [`${PAGES}1048576kB/free_hugepages`]: '1\n',
  '/sys/module/nitro_enclaves/parameters/ne_cpus': '1,3-4\n',
};

interface Machine {
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly devices?: readonly string[];
  readonly programs?: Readonly<Record<string, string | undefined>>;
  readonly hosts?: readonly string[];
}

function machine(change: Machine = {}): System {
  const files: Readonly<Record<string, string | undefined>> = { ...FILES, ...change.files };
  const devices = change.devices ?? ['/dev/nitro_enclaves', '/dev/vsock'];
  const programs: Readonly<Record<string, string | undefined>> = {
    'nitro-cli': 'Nitro CLI 1.4.2\n',
    timedatectl: 'yes\n',
    ...change.programs,
  };
  const hosts = change.hosts ?? ['kms.eu-central-1.amazonaws.com'];
  return {
    read: async (path) => files[path],
    usable: async (path) => devices.includes(path),
    run: async (program) => programs[program],
    reaches: async (host, port) => hosts.includes(host) && port === 443,
  };
}

const init = { memoryMiB: 2048, cpus: 2, nitroCli: 'nitro-cli', region: 'eu-central-1' };

describe('nmp doctor', () => {
  it('finds nothing wrong where nothing is', async () => {
    const findings = await examine(machine(), init);
    expect(findings.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'driver pass',
      'nitro-cli pass',
      'allocator pass',
      'cpu-pool pass',
      'hugepages pass',
      'vsock pass',
      'clock pass',
      'kms pass',
    ]);
    expect(findings.map(({ found }) => found)).toContain('2048 MiB free');
  });

  const allocator = (yaml: string | undefined): Machine => ({
    files: { '/etc/nitro_enclaves/allocator.yaml': yaml },
  });
  const cpus = (list: string | undefined): Machine => ({
    files: { '/sys/module/nitro_enclaves/parameters/ne_cpus': list },
  });
  it.each<[string, Machine, object?]>([
    ['DOCTOR_DRIVER', { devices: ['/dev/vsock'] }],
    ['DOCTOR_VSOCK', { devices: ['/dev/nitro_enclaves'] }],
    ['DOCTOR_NITRO_CLI', { programs: { 'nitro-cli': undefined } }],
    ['DOCTOR_ALLOCATOR', allocator(undefined)],
    ['DOCTOR_ALLOCATOR', allocator('memory_mib: 2047\ncpu_count: 2\n')],
    ['DOCTOR_ALLOCATOR', allocator('memory_mib: 2048\ncpu_count: 1\n')],
    ['DOCTOR_ALLOCATOR', allocator('memory_mib: 2048\ncpu_pool: 3\n')],
    ['DOCTOR_ALLOCATOR', allocator('#memory_mib: 2048\ncpu_count: 2\n')],
    ['DOCTOR_CPU_POOL', cpus(undefined)],
    ['DOCTOR_CPU_POOL', cpus('3\n')],
    ['DOCTOR_CPU_POOL', cpus('\n')],
    ['DOCTOR_HUGEPAGES', { files: { [`${PAGES}2048kB/free_hugepages`]: '511\n' } }],
    ['DOCTOR_HUGEPAGES', { files: { [`${PAGES}1048576kB/free_hugepages`]: 'x' } }],
    ['DOCTOR_CLOCK', { programs: { timedatectl: 'no\n' } }],
    ['DOCTOR_CLOCK', { programs: { timedatectl: undefined } }],
    ['DOCTOR_KMS', { hosts: [] }],
  ])('says %s, why, and the line that mends it', async (code, change) => {
    const failed = (await examine(machine(change), init)).filter(({ status }) => status === 'fail');
    expect(failed).toHaveLength(1);
    const entry = Object.entries(ERROR_CODES).find(([name]) => name === code)?.[1];
    expect(failed[0]).toMatchObject({ code, cause: entry?.cause, remedy: entry?.remedy });
  });

  it('counts a pool that is named CPU by CPU, and skips KMS without a region', async () => {
    const system = machine(allocator('memory_mib: 2048\ncpu_pool: 1-2,5\n'));
    const findings = await examine(system, { memoryMiB: 2048, cpus: 2, nitroCli: 'nitro-cli' });
    expect(findings.find(({ id }) => id === 'allocator')?.found).toBe('2048 MiB, 3 CPUs');
    expect(findings.find(({ id }) => id === 'kms')?.status).toBe('skip');
  });

  it('looks at the machine itself through its seam', async () => {
    expect(await thisSystem.read('/proc/self/comm')).toBeTypeOf('string');
    expect(await thisSystem.read('/nowhere')).toBeUndefined();
    expect(await thisSystem.usable('/dev/null')).toBe(true);
    expect(await thisSystem.usable('/nowhere')).toBe(false);
    expect(await thisSystem.run('/bin/echo', ['x'])).toBe('x\n');
    expect(await thisSystem.run('/bin/false', [])).toBeUndefined();
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await thisSystem.reaches('127.0.0.1', port)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect(await thisSystem.reaches('127.0.0.1', port)).toBe(false);
  });
});
