/**
 * The way of a call inside the node: capability → guardian → sandbox → egress filter → certificate.
 * Each stage can only refuse or pass on; an output exists outside this file only after the egress
 * filter let it go.
 */
import { toBase64Url } from '../../shared/bytes.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { type ErrorCode, NmpError } from '../../shared/errors.ts';
import { valueBits } from '../../shared/policy/value-bits.ts';
import { signCertificate } from '../../shared/receipt/certificate.ts';
import {
  COMMITMENT_SALT_BYTES,
  commitTo,
  INPUT_LABEL,
  OUTPUT_LABEL,
} from '../../shared/receipt/commitment.ts';
import { receiptNonce } from '../../shared/receipt/journal.ts';
import type { Clock, Random } from '../../shared/runtime.ts';
import { type LogicRequest, LogicResponse } from '../../shared/wire/codec.ts';
import { encodeGuestInput } from '../../shared/wire/guest-input.ts';
import { encodeRefusal } from '../../shared/wire/refusal.ts';
import { rowsRead } from '../data/rows-read.ts';
import type { DatasetStore } from '../data/store.ts';
import type { EgressFilter, EgressVerdict } from '../egress/filter.ts';
import type { AuditSink } from '../egress/gate/audit.ts';
import { type Admission, type EgressGate, isCounted } from '../egress/gate/gate.ts';
import { privatise } from '../egress/privacy/privatise.ts';
import { verdictDigest } from '../guardian/create-guardian.ts';
import { type GuardianVerdict, memoryNeeded } from '../guardian/guardian.ts';
import type { Offer, Proofs } from '../prove/proofs.ts';
import type { Outcome, RunResult, SandboxEngine } from '../sandbox/engine.ts';
import type { CallContext, CallHandler } from '../session/serve.ts';
import { parseArguments } from './arguments.ts';
import { type Capability, findCapability, type Grant, grantsOf, importsOf } from './capability.ts';
import { type CoarseClockComponents, waitForStep } from './coarse-clock.ts';
import {
  createLogicJudge,
  kindOf,
  type Logic,
  type LogicComponents,
  type LogicKind,
} from './logic.ts';

export interface PipelineComponents extends LogicComponents, Pick<CoarseClockComponents, 'sleep'> {
  readonly suite: CryptoSuite;
  readonly random: Random;
  readonly clock: Clock;
  readonly engine: SandboxEngine;
  readonly egress: EgressFilter;
  /** Quotas, quarantine and bans; absent only if no capability has a quota or canaries. */
  readonly gate?: EgressGate | undefined;
  /** Takes sealed records of blocked answers for the data owner; absent: findings are dropped. */
  readonly audit?: AuditSink | undefined;
  readonly datasets: DatasetStore;
  /** Absent if the node cannot prove; it then offers no mode that needs it. */
  readonly proofs?: Proofs | undefined;
  /** Ed25519 under the certificate key of the node statement. */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

export interface PipelineInit {
  readonly capabilities: readonly Capability[];
  readonly simulated: boolean;
}

/** Stages that a client may be told of while it waits. */
export const STAGE = { guardian: 1, prepare: 2, run: 3, egress: 4 } as const;

const REQUEST_NONCE_BYTES = 32;

const OUTCOME_CODE: Readonly<Record<Exclude<Outcome, 'ok'>, ErrorCode>> = {
  trap: 'SANDBOX_TRAP',
  'out-of-fuel': 'SANDBOX_FUEL',
  'out-of-memory': 'SANDBOX_MEMORY',
  deadline: 'SANDBOX_DEADLINE',
  'abi-violation': 'SANDBOX_ABI',
  lost: 'SANDBOX_LOST',
};

const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'SANDBOX_LOST',
  'SANDBOX_UNAVAILABLE',
  'RECEIPT_BUSY',
]);

/** Blind what certificate and receipt commit to; 32 bytes each. */
interface Salts {
  readonly inputSalt: Uint8Array<ArrayBuffer>;
  readonly outputSalt: Uint8Array<ArrayBuffer>;
}

/** A refusal with what may be told of it beyond its code. */
class Refused extends Error {
  readonly error: NmpError;
  readonly reasons: readonly string[];
  readonly countBucket: EgressVerdict['countBucket'];
  /** 16 bytes, of the audit record if there is one. */
  readonly auditId: Uint8Array | undefined;

  constructor(
    code: ErrorCode,
    reasons: readonly string[] = [],
    countBucket: EgressVerdict['countBucket'] = '0',
    auditId?: Uint8Array,
  ) {
    super(code);
    this.auditId = auditId;
    this.error = new NmpError(code);
    this.reasons = reasons;
    this.countBucket = countBucket;
  }
}

/** A run whose output is to be judged. */
interface Judged {
  readonly capability: Capability;
  readonly grants: readonly Grant[];
  readonly logic: Logic;
  readonly verdict: GuardianVerdict;
  readonly context: CallContext;
  readonly admission: Admission | undefined;
  /** As `encodeGuestInput` made it. */
  readonly input: Uint8Array;
}

class Pipeline {
  readonly #components: PipelineComponents;
  readonly #init: PipelineInit;
  readonly #judge: ReturnType<typeof createLogicJudge>;

  constructor(components: PipelineComponents, init: PipelineInit) {
    this.#components = components;
    this.#init = init;
    this.#judge = createLogicJudge(components);
  }

  async call(request: LogicRequest, context: CallContext): Promise<Uint8Array> {
    const startedMs = this.#components.clock.monotonicMs();
    try {
      return await this.#answer(request, context);
    } catch (cause) {
      const refused =
        cause instanceof Refused
          ? cause
          : new Refused(cause instanceof NmpError ? cause.code : 'INTERNAL');
      const { code } = refused.error;
      await waitForStep(this.#components, { code, startedMs }, context.signal);
      return encodeRefusal({
        stage: refused.error.stage,
        code,
        countBucket: refused.countBucket,
        retryable: RETRYABLE.has(code),
        auditId: toBase64Url(refused.auditId ?? this.#components.random.bytes(16)),
        reasons: [...refused.reasons],
      });
    }
  }

  async #answer(request: LogicRequest, context: CallContext): Promise<Uint8Array> {
    if (request.job !== '') return this.#job(request, context);
    if (request.requestNonce.length !== REQUEST_NONCE_BYTES) throw new NmpError('FRAME_MALFORMED');
    const capability = findCapability(this.#init.capabilities, request);
    const imports = importsOf(capability, request);
    const proofMode = request.proofMode === '' ? 'attested' : request.proofMode;
    if (!capability.config.proofModes.some((mode) => mode === proofMode)) {
      throw new NmpError('CALL_PROOF_MODE');
    }
    const kind = kindOf(capability, request);
    const proofs = proofMode === 'attested' ? undefined : this.#proofsFor(proofMode, kind);
    const grants = grantsOf(capability, request);
    const args = parseArguments(request.inputs, capability.config.input);
    const module = capability.module ?? request.wasmBinary;

    context.progress(STAGE.guardian);
    if (module.length > capability.config.limits.moduleBytes) throw new NmpError('FRAME_SIZE');
    const logic = await this.#judge(module, kind, imports);
    const { verdict } = logic;
    if (verdict.verdict !== 'accept') throw new Refused('GUARDIAN_REJECTED', verdict.reasons);
    const input = encodeGuestInput({
      arguments: args,
      tables: grants.map(({ dataset, columns }) => ({
        name: dataset,
        stream: this.#components.datasets.project(dataset, columns),
      })),
    });

    const admission = this.#admit({ capability, grants, verdict, context });
    let run: RunResult;
    try {
      run = await this.#run(logic, input, { imports, request, capability, context });
    } catch (cause) {
      admission?.failed();
      throw cause;
    }

    context.progress(STAGE.egress);
    const judged = { capability, grants, logic, verdict, context, admission, input };
    const egress = this.#judgeOutput(run, judged);
    const salts = this.#salts();
    const offer = await proofs?.offer(
      context.session.peer,
      {
        ...salts,
        // Of a module that is installed here, a client knows the hash alone.
        translate: capability.module === undefined,
        nonce: receiptNonce(
          this.#components.suite,
          context.session.transcript,
          request.requestNonce,
        ),
        fuel: BigInt(capability.config.limits.fuel),
        module,
        input,
        openings: grants.map((grant) =>
          this.#components.datasets.prove(grant.dataset, grant.columns),
        ),
      },
      egress.output,
      context.signal,
    );
    return this.#certify({
      ...{ request, capability, grants, context, logic, egress, input, run },
      ...{ salts, offer },
    });
  }

  /** The one mode beyond `attested`; a mode is never replaced by another. */
  #proofsFor(proofMode: string, kind: LogicKind): Proofs {
    const { proofs } = this.#components;
    if (proofMode !== 'stark-composite' || proofs === undefined || kind !== 'pure') {
      throw new NmpError('CALL_PROOF_MODE');
    }
    return proofs;
  }

  #salts(): Salts {
    const { random } = this.#components;
    return {
      inputSalt: Uint8Array.from(random.bytes(COMMITMENT_SALT_BYTES)),
      outputSalt: Uint8Array.from(random.bytes(COMMITMENT_SALT_BYTES)),
    };
  }

  /** How the proof of an earlier answer to this peer fares. */
  #job({ job, cancelJob }: LogicRequest, { session }: CallContext): Uint8Array {
    const { proofs } = this.#components;
    if (proofs === undefined) throw new NmpError('RECEIPT_JOB');
    if (cancelJob) proofs.cancel(session.peer, job);
    const status = proofs.status(session.peer, job);
    if (status.code !== undefined) throw new NmpError(status.code);
    return LogicResponse.encode({
      job,
      jobState: status.state,
      jobBefore: status.before,
      segments: status.segments,
      segmentsProven: status.proven,
      ...(status.receipt === undefined ? {} : { zkReceipt: Uint8Array.from(status.receipt) }),
    });
  }

  async #run(
    logic: Logic,
    input: Uint8Array,
    call: {
      readonly imports: readonly string[];
      readonly request: LogicRequest;
      readonly capability: Capability;
      readonly context: CallContext;
    },
  ): Promise<RunResult> {
    const { engine } = this.#components;
    const { limits } = call.capability.config;
    const { session, signal, progress } = call.context;
    const asked = call.request.deadlineMs;
    const deadlineMs = asked === 0 ? limits.deadlineMs : Math.min(asked, limits.deadlineMs);
    progress(STAGE.prepare);
    const prepared = await engine.prepare(logic.module, {
      abi: logic.abi,
      capabilities: call.imports,
      deadlineMs,
      peer: session.peer,
      // Installed by the operator, or the pinned engine of a text.
      known: call.capability.config.logic !== 'client' || logic.engineHash !== undefined,
    });
    progress(STAGE.run);
    const result = await engine.run(
      prepared,
      logic.inputOf(input),
      {
        fuel: BigInt(limits.fuel),
        memoryBytes: memoryNeeded(logic.verdict, limits.memoryBytes),
        deadlineMs,
        outputBytes: limits.outputBytes,
      },
      { signal, peer: session.peer },
    );
    if (result.outcome !== 'ok') throw new Refused(OUTCOME_CODE[result.outcome]);
    return result;
  }

  /** Charges the call before it runs. @throws NmpError EGRESS_* */
  #admit(call: {
    readonly capability: Capability;
    readonly grants: readonly Grant[];
    readonly verdict: GuardianVerdict;
    readonly context: CallContext;
  }): Admission | undefined {
    const { gate } = this.#components;
    const { egress: policy, output } = call.capability.config;
    if (gate === undefined) {
      if (isCounted(policy)) throw new NmpError('EGRESS_LEDGER');
      return undefined;
    }
    return gate.admit({
      client: call.context.session.peer,
      moduleHash: call.verdict.moduleHash,
      datasets: call.grants.map(({ dataset }) => dataset),
      policy,
      bits: valueBits(output),
    });
  }

  /** The smallest number of rows of a table that can have entered the answer. */
  #rowsRead(
    run: RunResult,
    { grants, logic, input }: Pick<Judged, 'grants' | 'logic' | 'input'>,
  ): { readonly rowsRead?: number } {
    const { datasets } = this.#components;
    // Only a command's host hands the input over piece by piece.
    const piecewise = logic.abi === 'wasi-p1' || logic.abi === 'wasi-p2';
    const counts = piecewise ? rowsRead(input, run.reads) : undefined;
    if (grants.length === 0) return {};
    const rows = grants.map(({ dataset }) => counts?.get(dataset) ?? datasets.get(dataset).rows);
    return { rowsRead: Math.min(...rows) };
  }

  #judgeOutput(run: RunResult, call: Judged): EgressVerdict & { readonly output: Uint8Array } {
    const { egress, datasets } = this.#components;
    const { config } = call.capability;
    const { privacy } = config.egress;
    const installed = call.capability.module !== undefined;
    const answered =
      privacy === undefined
        ? run.output
        : privatise(this.#components.random, run.output, {
            schema: config.output,
            privacy,
            installed,
          });
    const verdict = egress.judge(answered, {
      schema: config.output,
      policy: config.egress,
      tables: call.grants.map(({ dataset, columns }) => datasets.cells(dataset, columns)),
      ...this.#rowsRead(run, call),
    });
    call.admission?.settle(verdict);
    const { output } = verdict;
    if (verdict.blocked || output === undefined) {
      const auditId = this.#components.random.bytes(16);
      this.#components.audit?.write({
        auditId,
        atMs: this.#components.clock.nowMs(),
        client: call.context.session.peer,
        capability: call.capability.id,
        moduleHash: call.verdict.moduleHash,
        codes: verdict.codes,
        findings: verdict.findings,
      });
      throw new Refused('EGRESS_BLOCKED', [], verdict.countBucket, auditId);
    }
    return { ...verdict, output };
  }

  #certify(call: {
    readonly request: LogicRequest;
    readonly capability: Capability;
    readonly grants: readonly Grant[];
    readonly context: CallContext;
    readonly logic: Logic;
    readonly egress: EgressVerdict & { readonly output: Uint8Array };
    readonly input: Uint8Array;
    readonly run: RunResult;
    readonly salts: Salts;
    readonly offer: Offer | undefined;
  }): Uint8Array {
    const { suite, clock, datasets, engine, sign } = this.#components;
    const { inputSalt, outputSalt } = call.salts;
    const inputCommitment = Uint8Array.from(commitTo(suite, INPUT_LABEL, inputSalt, call.input));
    const certificate = signCertificate(
      {
        version: 1,
        profile: engine.describe().profile,
        capability: call.capability.id,
        capabilityDigest: call.capability.digest,
        moduleHash: call.logic.verdict.moduleHash,
        inputCommitment,
        outputCommitment: commitTo(suite, OUTPUT_LABEL, outputSalt, call.egress.output),
        datasets: call.grants.map(({ dataset }) => ({
          id: dataset,
          commitment: datasets.get(dataset).commitment,
        })),
        guardianVerdict: verdictDigest(call.logic.verdict),
        egressVerdict: call.egress.digest,
        session: call.context.session.transcript,
        requestNonce: call.request.requestNonce,
        fuelUsed: call.run.fuelUsed,
        issuedAtMs: BigInt(clock.nowMs()),
        simulated: this.#init.simulated,
        engineHash: call.logic.engineHash,
      },
      sign,
    );
    return LogicResponse.encode({
      semanticEvidence: new TextDecoder().decode(call.egress.output),
      cryptographicProof: Uint8Array.from(certificate),
      inputSalt,
      outputSalt,
      inputCommitment,
      ...(call.offer === undefined
        ? {}
        : {
            job: call.offer.job,
            jobState: 'queued',
            segments: call.offer.segments,
            cycles: BigInt(call.offer.cycles),
          }),
    });
  }
}

export function createPipeline(components: PipelineComponents, init: PipelineInit): CallHandler {
  const pipeline = new Pipeline(components, init);
  return (request, context) => pipeline.call(request, context);
}
