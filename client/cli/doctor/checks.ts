/**
 * What must be there before an instance can run an enclave of a given size.
 *
 * Sources: AWS Nitro Enclaves user guide (nitro-cli, allocator); linux, Documentation/virt/ne_overview.
 */
import { ERROR_CODES, type ErrorCode } from '../../../shared/errors.ts';
import type { System } from './system.ts';

export interface DoctorInit {
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly nitroCli: string;
  /** AWS region, if KMS is to be reached. */
  readonly region?: string;
}

export interface Finding {
  readonly id: string;
  readonly status: 'pass' | 'fail' | 'skip';
  /** What was found, in a few words. */
  readonly found: string;
  readonly code?: ErrorCode;
  readonly cause?: string;
  readonly remedy?: string;
}

const HUGEPAGES = '/sys/kernel/mm/hugepages/hugepages-';
/** Sizes of huge pages on x86-64, KiB. */
const PAGE_KIB = [2048, 1_048_576] as const;
const ALLOCATOR = '/etc/nitro_enclaves/allocator.yaml';

function verdict(id: string, good: boolean, found: string, code: ErrorCode): Finding {
  if (good) return { id, status: 'pass', found };
  const { cause, remedy } = ERROR_CODES[code];
  return { id, status: 'fail', found, code, cause, remedy };
}

async function driver(system: System): Promise<Finding> {
  const good = await system.usable('/dev/nitro_enclaves');
  return verdict('driver', good, good ? '/dev/nitro_enclaves' : 'none', 'DOCTOR_DRIVER');
}

async function nitroCli(system: System, init: DoctorInit): Promise<Finding> {
  const version = (await system.run(init.nitroCli, ['--version']))?.trim();
  return verdict('nitro-cli', version !== undefined, version ?? 'none', 'DOCTOR_NITRO_CLI');
}

/** A whole number of a YAML file of plain keys, which is all that the allocator reads. */
function numberOf(yaml: string, key: string): number | undefined {
  const text = new RegExp(`^${key}:[ \\t]*(\\d{1,9})[ \\t]*(?:#.*)?$`, 'm').exec(yaml)?.[1];
  return text === undefined ? undefined : Number(text);
}

async function allocator(system: System, { memoryMiB, cpus }: DoctorInit): Promise<Finding> {
  const yaml = await system.read(ALLOCATOR);
  const memory = numberOf(yaml ?? '', 'memory_mib') ?? 0;
  // cpu_pool names CPUs one by one instead of counting them.
  const pool = /^cpu_pool:[ \t]*([\d,-]+)/m.exec(yaml ?? '')?.[1];
  const count = pool === undefined ? (numberOf(yaml ?? '', 'cpu_count') ?? 0) : cpuCount(pool);
  const found = yaml === undefined ? 'no allocator.yaml' : `${memory} MiB, ${count} CPUs`;
  return verdict('allocator', memory >= memoryMiB && count >= cpus, found, 'DOCTOR_ALLOCATOR');
}

async function hugepages(system: System, { memoryMiB }: DoctorInit): Promise<Finding> {
  let freeMiB = 0;
  for (const kib of PAGE_KIB) {
    const text = await system.read(`${HUGEPAGES}${kib}kB/free_hugepages`);
    const pages = /^\d{1,9}\s*$/.test(text ?? '') ? Number(text) : 0;
    freeMiB += (pages * kib) / 1024;
  }
  return verdict('hugepages', freeMiB >= memoryMiB, `${freeMiB} MiB free`, 'DOCTOR_HUGEPAGES');
}

/** How many CPUs a list such as `1-3,5` names. */
function cpuCount(list: string): number {
  return list
    .trim()
    .split(',')
    .map((range) => /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range))
    .reduce((sum, match) => {
      const [, first, last] = match ?? [];
      return first === undefined
        ? sum
        : sum + Math.max(0, Number(last ?? first) - Number(first) + 1);
    }, 0);
}

async function cpuPool(system: System, { cpus }: DoctorInit): Promise<Finding> {
  const list = await system.read('/sys/module/nitro_enclaves/parameters/ne_cpus');
  const count = cpuCount(list ?? '');
  return verdict('cpu-pool', count >= cpus, `${count} CPUs`, 'DOCTOR_CPU_POOL');
}

async function vsock(system: System): Promise<Finding> {
  const good = await system.usable('/dev/vsock');
  return verdict('vsock', good, good ? '/dev/vsock' : 'none', 'DOCTOR_VSOCK');
}

async function clock(system: System): Promise<Finding> {
  const said = await system.run('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  const found = said === undefined ? 'timedatectl does not answer' : `synchronised: ${said.trim()}`;
  return verdict('clock', said?.trim() === 'yes', found, 'DOCTOR_CLOCK');
}

async function kms(system: System, { region }: DoctorInit): Promise<Finding> {
  if (region === undefined) return { id: 'kms', status: 'skip', found: 'no --region given' };
  const host = `kms.${region}.amazonaws.com`;
  const good = await system.reaches(host, 443);
  return verdict('kms', good, good ? host : `${host} does not answer`, 'DOCTOR_KMS');
}

/** All of them, in the order in which one would mend them. */
export async function examine(system: System, init: DoctorInit): Promise<Finding[]> {
  return Promise.all([
    driver(system),
    nitroCli(system, init),
    allocator(system, init),
    cpuPool(system, init),
    hugepages(system, init),
    vsock(system),
    clock(system),
    kms(system, init),
  ]);
}
