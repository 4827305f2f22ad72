/** What lies in the two ramdisks of the image, file by file. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { utf8 } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import { type NodeConfig, offersProofs, parseNodeConfig } from '../../shared/policy/node-config.ts';
import { VERIFIER_SHA256 } from '../../shared/receipt/images.ts';
import { NODE_FLAGS } from '../../shared/runtime.ts';
import { SCRIPT_ENGINE_SHA256 } from '../../shared/script/engine.ts';
import { SIMULATED_ROOT_FILES } from '../attest/simulated-root.ts';
import { isCounted } from '../egress/gate/gate.ts';
import { type Bundle, bundleNode, lockedPackage, type Profile } from './bundle.ts';
import { unpackDebian } from './debian.ts';
import { neededLibraries, stripElf } from './elf.ts';
import type { ImageEntry, Origin } from './origin.ts';
import { DEBIAN, LIBRARIES, NODE, QUIC, ZK_GUEST } from './pins.ts';
import { PROVER_FILE } from './preflight.ts';

export interface ContentsInit {
  /** Of the checkout, with its packages installed. */
  readonly root: string;
  /** Folder of the native parts: guard.node, scan.node, nmp-sandbox, nmp-agent. */
  readonly native: string;
  /** `nmp-zk-prover` as `make zk-prover` builds it; read if a capability offers proofs. */
  readonly prover: string;
  /** Downloads, outside the repository. */
  readonly cache: string;
  readonly profile: Profile;
  /**
   * Folder of a simulated root (enclave/attest/simulated-root.ts), for enclaves on emulators that are to
   * trust one another; of the `sim` profile only. Its key is everybody's who has the image.
   */
  readonly simulatedRoot?: string;
  /** nmp.node.json; what it names beside itself goes into the image, too. */
  readonly config: string;
  /** Of this project. */
  readonly version: string;
}

export interface Contents {
  /** First ramdisk: what boots. */
  readonly boot: readonly ImageEntry[];
  /** Second ramdisk: what runs. */
  readonly application: readonly ImageEntry[];
  readonly bundle: Bundle;
}

const PROJECT = 'nmp-enclave';
const CONFIG_FOLDER = 'app/config';
/** Read by native/agent, one word a line. */
const COMMAND = ['/app/node', ...NODE_FLAGS, '/app/main.mjs'];

function file(path: string, data: Uint8Array, origin: Origin, mode = 0o444): ImageEntry {
  return { kind: 'file', path, mode, data, origin };
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return Uint8Array.from(await readFile(path));
  } catch (cause) {
    throw new NmpError('IMAGE_INPUT', `${path}: cannot be read`, { cause });
  }
}

async function pinned(path: string, sha256: string): Promise<Uint8Array> {
  const bytes = await read(path);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new NmpError('IMAGE_INPUT', `${path}: not the pinned file`);
  }
  return bytes;
}

/** The name that programs ask for, which is that of the file without its lesser versions. */
function libraryName(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/(\.so\.\d+)\.[\d.]+$/, '$1');
}

async function libraries(cache: string): Promise<ImageEntry[]> {
  const entries: ImageEntry[] = [];
  for (const [name, path, reason] of LIBRARIES) {
    const pin = DEBIAN.find((known) => known.package === name);
    if (pin === undefined) throw new NmpError('IMAGE_INPUT', `${name} is not pinned.`);
    const data = await read(join(await unpackDebian(pin, cache), path));
    const origin = { package: name, version: pin.version, reason };
    entries.push(file(`lib/x86_64-linux-gnu/${libraryName(path)}`, data, origin, 0o555));
  }
  const libc = DEBIAN.find((known) => known.package === 'libc6');
  entries.push({
    kind: 'link',
    path: 'lib64/ld-linux-x86-64.so.2',
    mode: 0o777,
    target: '/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
    origin: {
      package: 'libc6',
      version: libc?.version ?? '',
      reason: 'where programs look for it',
    },
  });
  return entries;
}

/** What a configuration may ask for that an image cannot give yet: refused here, not at each boot. */
function refuseWhatFails(config: NodeConfig, path: string): void {
  const refuse = (where: string, why: string): never => {
    throw new NmpError('IMAGE_INPUT', `${path}: ${where}: ${why}`);
  };
  if (config.identityFile !== undefined) {
    refuse('$.identityFile', 'an image keeps no identity; its node makes one at each boot');
  }
  config.datasets.forEach(({ sealed }, at) => {
    if (sealed !== undefined && 'keyFile' in sealed) {
      refuse(`$.datasets[${at}].sealed.keyFile`, 'a key in an image is in the hands of its host');
    }
  });
  config.capabilities.forEach(({ egress }, at) => {
    if (isCounted(egress)) {
      refuse(`$.capabilities[${at}].egress`, 'an image keeps no ledger to count with');
    }
  });
}

/** The configuration and every file that it names, which must lie below its own folder. */
async function configuration(
  path: string,
  origin: Omit<Origin, 'reason'>,
): Promise<{ config: NodeConfig; files: ImageEntry[] }> {
  const text = await read(path);
  const config = parseNodeConfig(Buffer.from(text).toString('utf8'), path);
  refuseWhatFails(config, path);
  const reason = (what: string) => ({ ...origin, reason: what });
  const entries = [
    file(
      `${CONFIG_FOLDER}/nmp.node.json`,
      text,
      reason('policy, allowlist and release of the node'),
    ),
  ];
  const named = [
    ...config.datasets.map(
      (dataset) => [dataset.path, 'a dataset that the configuration names'] as const,
    ),
    ...config.datasets.flatMap(({ sealed }) =>
      sealed !== undefined && 'kms' in sealed && sealed.kms.ca !== undefined
        ? [[sealed.kms.ca, 'TLS roots that the configuration names'] as const]
        : [],
    ),
    ...config.capabilities.flatMap(({ logic }) =>
      typeof logic === 'object'
        ? [[logic.module, 'a module that the configuration installs'] as const]
        : [],
    ),
  ];
  const seen = new Set<string>();
  for (const [name, why] of named) {
    const clean = normalize(name);
    if (isAbsolute(clean) || clean.startsWith('..')) {
      throw new NmpError('IMAGE_INPUT', `${path}: ${name} lies outside the folder of the file`);
    }
    if (seen.has(clean)) continue;
    seen.add(clean);
    entries.push(
      file(`${CONFIG_FOLDER}/${clean}`, await read(join(dirname(path), clean)), reason(why)),
    );
  }
  return { config, files: entries };
}

/** The native part of QUIC: beside the node, where the package looks first. */
async function quicAddon(root: string): Promise<ImageEntry> {
  const { package: name, version } = QUIC;
  const data = await pinned(join(root, 'node_modules', name, QUIC.file), QUIC.sha256);
  const reason = 'QUIC, since the configuration asks for it';
  return file(`app/${QUIC.file}`, data, { package: name, version, reason }, 0o555);
}

/**
 * The prover and the interpreter that it is given. It must find in the image what it is linked
 * against: a program that the loader refuses would show at the first boot only.
 */
async function prover(init: ContentsInit, own: (reason: string) => Origin): Promise<ImageEntry[]> {
  const built = await read(init.prover).catch((cause: unknown) => {
    const what = `${init.prover}: the prover is not built; make zk-prover builds it`;
    throw new NmpError('IMAGE_INPUT', what, { cause });
  });
  const there = new Set(LIBRARIES.map(([, path]) => libraryName(path)));
  const missing = neededLibraries(built).filter((name) => !there.has(name));
  if (missing.length > 0) {
    throw new NmpError(
      'IMAGE_INPUT',
      `${init.prover}: needs ${missing.join(', ')}, not in an image`,
    );
  }
  const why = 'since a capability offers them';
  return [
    file(PROVER_FILE, stripElf(built), own(`makes proofs, ${why}`), 0o555),
    file(
      'app/zk-guest.bin',
      await pinned(join(init.root, ZK_GUEST.file), ZK_GUEST.sha256),
      own(`the interpreter of proofs, ${why}`),
    ),
  ];
}

/** What receipts of provers elsewhere are judged by. */
async function receiptVerifier(root: string, origin: Origin): Promise<ImageEntry> {
  const wasm = join(root, 'shared', 'receipt', 'receipt-verifier.wasm');
  return file('app/receipt-verifier.wasm', await pinned(wasm, VERIFIER_SHA256), origin);
}

/** @throws NmpError IMAGE_INPUT for an image whose evidence is not simulated */
async function simulatedRoot(folder: string, profile: Profile): Promise<ImageEntry[]> {
  if (profile !== 'sim') {
    throw new NmpError('IMAGE_INPUT', `A simulated root is not for the ${profile} profile.`);
  }
  const origin = { package: 'simulation', version: 'of this image', reason: 'signs on emulators' };
  return Promise.all(
    SIMULATED_ROOT_FILES.map(async (name) =>
      file(`app/simulated-root/${name}`, await read(join(folder, name)), origin),
    ),
  );
}

/** @throws NmpError IMAGE_INPUT, CONFIG_INVALID */
export async function imageContents(init: ContentsInit): Promise<Contents> {
  const own = (reason: string): Origin => ({ package: PROJECT, version: init.version, reason });
  const native = (name: string) => read(join(init.native, name));
  const bundled = await bundleNode(init.root, init.profile);
  const origin = { package: 'configuration', version: 'of this image' };
  const { config, files } = await configuration(init.config, origin);
  const unbundled = config.quic ? [await lockedPackage(init.root, QUIC.package)] : [];
  const bundle = { ...bundled, packages: [...bundled.packages, ...unbundled] };
  const node = await pinned(join(init.root, 'node_modules', 'node', 'bin', 'node'), NODE.sha256);
  const scope = { type: 'module', imports: { '#native/*': './native/*.node' } };
  const folder = (path: string, reason: string): ImageEntry => ({
    kind: 'folder',
    path,
    mode: 0o755,
    origin: own(reason),
  });
  const device = (path: string, major: number, minor: number, reason: string): ImageEntry => ({
    kind: 'device',
    path,
    mode: 0o600,
    major,
    minor,
    origin: own(reason),
  });
  return {
    boot: [
      file(
        'init',
        await native('nmp-agent'),
        own('first process: mounts, entropy, vsock, NSM'),
        0o555,
      ),
      device('dev/console', 5, 1, 'the kernel gives it to the first process'),
      device('dev/null', 1, 3, 'a program without a console needs it'),
      folder('proc', 'mount point'),
      folder('run', 'mount point: sockets'),
      folder('tmp', 'mount point'),
    ],
    application: [
      file('app/command', utf8(`${COMMAND.join('\n')}\n`), own('what the first process starts')),
      file('app/main.mjs', bundle.code, own(`the node, ${init.profile} profile`)),
      file(
        'app/native/guard.node',
        await native('guard.node'),
        own('validity authority of the guardian'),
        0o555,
      ),
      file(
        'app/native/scan.node',
        await native('scan.node'),
        own('detectors of the egress filter'),
        0o555,
      ),
      file(
        'app/native/nmp-sandbox',
        await native('nmp-sandbox'),
        own('Wasmtime, in processes of its own'),
        0o555,
      ),
      file(
        'app/node',
        stripElf(node),
        { package: NODE.package, version: NODE.version, reason: 'runs the node' },
        0o555,
      ),
      file(
        'app/package.json',
        utf8(`${JSON.stringify(scope)}\n`),
        own('where the node finds its addons'),
      ),
      file(
        'app/script-engine.wasm',
        await pinned(join(init.root, 'shared', 'script', 'engine.wasm'), SCRIPT_ENGINE_SHA256),
        own('runs logic that is plain JavaScript, inside the sandbox'),
      ),
      ...(config.quic ? [await quicAddon(init.root)] : []),
      ...(offersProofs(config) ? await prover(init, own) : []),
      ...(config.provers === undefined
        ? []
        : [await receiptVerifier(init.root, own('judges receipts that provers elsewhere make'))]),
      ...(init.simulatedRoot === undefined
        ? []
        : await simulatedRoot(init.simulatedRoot, init.profile)),
      ...files,
      ...(await libraries(init.cache)),
    ],
    bundle,
  };
}
