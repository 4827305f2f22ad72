/**
 * The Nitro Secure Module itself, behind the agent's socket. Requests and responses are the
 * device's own CBOR (aws-nitro-enclaves-nsm-api 0.5.2, api).
 */
import { NmpError } from '../../shared/errors.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../../shared/wire/cbor.ts';
import type { AttestationRequest, Nsm, NsmDescription } from './nsm.ts';
import { NsmSocket, RESPONSE_BYTES_MAX } from './nsm-socket.ts';

export interface DeviceNsmInit {
  /** The agent's unix socket. */
  readonly path: string;
  /** How long one answer may take. */
  readonly timeoutMs?: number;
}

const FIELD_BYTES_MAX = 1024;
const RANDOM_BYTES_MAX = 256;
const PCR_BYTES = 48;
const INDEX_MAX = 0xffff;
const MODULE_ID_CHARS_MAX = 256;

const ERRORS = {
  InvalidArgument: 'NSM_INVALID_ARGUMENT',
  InvalidIndex: 'NSM_INVALID_INDEX',
  InvalidResponse: 'NSM_INVALID_RESPONSE',
  ReadOnlyIndex: 'NSM_READ_ONLY_INDEX',
  InvalidOperation: 'NSM_INVALID_OPERATION',
  BufferTooSmall: 'NSM_BUFFER_TOO_SMALL',
  InputTooLarge: 'NSM_INPUT_TOO_LARGE',
  InternalError: 'NSM_INTERNAL',
} as const;

function isErrorName(name: unknown): name is keyof typeof ERRORS {
  return typeof name === 'string' && Object.hasOwn(ERRORS, name);
}

function invalid(cause?: unknown): NmpError {
  return new NmpError('NSM_INVALID_RESPONSE', undefined, { cause });
}

function bytesOf(value: unknown, min: number, max: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < min || value.length > max) throw invalid();
  return Uint8Array.from(value);
}

function u16Of(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > INDEX_MAX) {
    throw invalid();
  }
  return value;
}

/** The fields of a response of this name. @throws NmpError NSM_* */
function open(response: Uint8Array, name: string): ReadonlyMap<unknown, unknown> {
  let value: unknown;
  try {
    value = decodeCbor(response, RESPONSE_BYTES_MAX);
  } catch (cause) {
    throw invalid(cause);
  }
  // A response without fields is its bare name.
  if (value === name) return new Map();
  if (!(value instanceof Map) || value.size !== 1) throw invalid();
  const error: unknown = value.get('Error');
  if (isErrorName(error)) throw new NmpError(ERRORS[error]);
  const fields: unknown = value.get(name);
  if (!(fields instanceof Map)) throw invalid();
  return fields;
}

class DeviceNsm implements Nsm {
  readonly #socket: NsmSocket;

  constructor({ path, timeoutMs }: DeviceNsmInit) {
    this.#socket = new NsmSocket(path, timeoutMs);
  }

  async attest(request: AttestationRequest): Promise<Uint8Array> {
    const fields = [request.userData, request.nonce, request.publicKey];
    if (fields.some((field) => (field?.length ?? 0) > FIELD_BYTES_MAX)) {
      throw new NmpError('NSM_INPUT_TOO_LARGE');
    }
    const response = await this.#ask('Attestation', [
      ['user_data', request.userData ?? null],
      ['nonce', request.nonce ?? null],
      ['public_key', request.publicKey ?? null],
    ]);
    return bytesOf(response.get('document'), 1, RESPONSE_BYTES_MAX);
  }

  async describe(): Promise<NsmDescription> {
    const fields = await this.#ask('DescribeNSM');
    const moduleId = fields.get('module_id');
    const locked = fields.get('locked_pcrs');
    if (
      typeof moduleId !== 'string' ||
      moduleId.length > MODULE_ID_CHARS_MAX ||
      !Array.isArray(locked) ||
      fields.get('digest') !== 'SHA384'
    ) {
      throw invalid();
    }
    const indices: unknown[] = locked;
    return {
      moduleId,
      versionMajor: u16Of(fields.get('version_major')),
      versionMinor: u16Of(fields.get('version_minor')),
      versionPatch: u16Of(fields.get('version_patch')),
      maxPcrs: u16Of(fields.get('max_pcrs')),
      lockedPcrs: indices.map(u16Of),
      digest: 'SHA384',
      simulated: false,
    };
  }

  async describePcr(index: number): Promise<{ locked: boolean; value: Uint8Array }> {
    const fields = await this.#ask('DescribePCR', [['index', checked(index)]]);
    const locked = fields.get('lock');
    if (typeof locked !== 'boolean') throw invalid();
    return { locked, value: bytesOf(fields.get('data'), PCR_BYTES, PCR_BYTES) };
  }

  async extendPcr(index: number, data: Uint8Array): Promise<Uint8Array> {
    if (data.length === 0) throw new NmpError('NSM_INVALID_ARGUMENT');
    const fields = await this.#ask('ExtendPCR', [
      ['index', checked(index)],
      ['data', data],
    ]);
    return bytesOf(fields.get('data'), PCR_BYTES, PCR_BYTES);
  }

  async lockPcr(index: number): Promise<void> {
    await this.#ask('LockPCR', [['index', checked(index)]]);
  }

  async lockPcrs(range: number): Promise<void> {
    if (range === 0) throw new NmpError('NSM_INVALID_INDEX');
    await this.#ask('LockPCRs', [['range', checked(range)]]);
  }

  async random(length: number): Promise<Uint8Array> {
    if (!Number.isInteger(length) || length < 1 || length > RANDOM_BYTES_MAX) {
      throw new NmpError('NSM_INVALID_ARGUMENT');
    }
    const out = new Uint8Array(length);
    // The device gives as many as it likes at a time, at least one.
    for (let at = 0; at < length; ) {
      const fields = await this.#ask('GetRandom');
      const some = bytesOf(fields.get('random'), 1, RANDOM_BYTES_MAX).subarray(0, length - at);
      out.set(some, at);
      at += some.length;
    }
    return out;
  }

  async close(): Promise<void> {
    this.#socket.close();
  }

  async #ask(
    name: string,
    fields?: readonly (readonly [string, CborValue])[],
  ): Promise<ReadonlyMap<unknown, unknown>> {
    const request = fields === undefined ? name : new Map([[name, new Map(fields)]]);
    return open(await this.#socket.request(encodeCbor(request)), name);
  }
}

/** @throws NmpError NSM_INVALID_INDEX unless `index` fits what the device reads */
function checked(index: number): number {
  if (!Number.isInteger(index) || index < 0 || index > INDEX_MAX) {
    throw new NmpError('NSM_INVALID_INDEX');
  }
  return index;
}

export function createDeviceNsm(init: DeviceNsmInit): Nsm {
  return new DeviceNsm(init);
}
