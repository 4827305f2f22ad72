/** What a call is to run: which kind of guest its logic is, the verdict on it, and how it starts. */
import { equalBytes, fromHex } from '../../shared/bytes.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import { SCRIPT_ENGINE_SHA256 } from '../../shared/script/engine.ts';
import { encodeScriptInput } from '../../shared/script/script-input.ts';
import type { LogicRequest } from '../../shared/wire/codec.ts';
import type { Guardian, GuardianVerdict } from '../guardian/guardian.ts';
import { judgeScript } from '../guardian/judge-script.ts';
import { manifestOf } from '../guardian/manifest-of.ts';
import type { GuestAbi } from '../sandbox/engine.ts';
import type { Capability } from './capability.ts';

/** A guest ABI, or plain text for the pinned engine. */
export type LogicKind = GuestAbi | 'javascript';

const KINDS: readonly LogicKind[] = ['pure', 'wasi-p1', 'wasi-p2', 'component', 'javascript'];

export interface Logic {
  readonly verdict: GuardianVerdict;
  /** What the sandbox runs, and how. */
  readonly module: Uint8Array;
  readonly abi: GuestAbi;
  /** SHA-256 of the engine that runs a text; undefined for modules. */
  readonly engineHash?: Uint8Array;
  /** The guest input as this guest takes it. */
  inputOf(input: Uint8Array): Uint8Array;
}

export interface LogicComponents {
  readonly suite: CryptoSuite;
  readonly guardian: Guardian;
  /** Reads shared/script/engine.wasm from wherever this node keeps it. */
  readonly readScriptEngine: () => Promise<Uint8Array>;
}

/**
 * The owner's word for an installed module, else the caller's; `pure` if nobody says.
 * @throws NmpError SANDBOX_ABI
 */
export function kindOf({ config }: Capability, request: LogicRequest): LogicKind {
  const installed = config.logic === 'client' ? undefined : config.logic.abi;
  const said = installed ?? (request.abi === '' ? 'pure' : request.abi);
  const kind = KINDS.find((known) => known === said);
  if (kind === undefined) throw new NmpError('SANDBOX_ABI');
  return kind;
}

/** Judges logic of every kind. */
export function createLogicJudge({ suite, guardian, readScriptEngine }: LogicComponents) {
  const pinned = fromHex(SCRIPT_ENGINE_SHA256);
  let checked: Promise<Uint8Array> | undefined;

  async function readChecked(): Promise<Uint8Array> {
    try {
      const engine = await readScriptEngine();
      if (pinned !== undefined && equalBytes(suite.sha256(engine), pinned)) return engine;
    } catch (cause) {
      throw new NmpError('SANDBOX_UNAVAILABLE', undefined, { cause });
    }
    throw new NmpError('SANDBOX_UNAVAILABLE');
  }

  /**
   * Read and hashed once; a failure is not kept.
   * @throws NmpError SANDBOX_UNAVAILABLE if the engine is not there or not the pinned one
   */
  async function scriptEngine(): Promise<Uint8Array> {
    checked ??= readChecked();
    try {
      return await checked;
    } catch (error) {
      checked = undefined;
      throw error;
    }
  }

  /** @param imports what the capability grants of WASI beyond standard streams */
  return async (bytes: Uint8Array, kind: LogicKind, imports: readonly string[]): Promise<Logic> => {
    if (kind !== 'javascript') {
      const verdict = guardian.judge(bytes, manifestOf(kind, imports));
      return { verdict, module: bytes, abi: kind, inputOf: (input) => input };
    }
    const engine = await scriptEngine();
    return {
      verdict: judgeScript(guardian.judge(engine, manifestOf('pure', [])), bytes),
      module: engine,
      abi: 'pure',
      ...(pinned === undefined ? {} : { engineHash: pinned }),
      inputOf: (input) => encodeScriptInput(bytes, input),
    };
  };
}
