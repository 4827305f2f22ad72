/** One run: two clients, a hostile relay, a node with its enclave, all on one virtual time. */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import type { ClientNode } from '../../client/mesh/client-node.ts';
import { NmpClient } from '../../client/nmp-client.ts';
import { serveRecord } from '../../enclave/node/describe.ts';
import { streamHandler } from '../../enclave/node/node.ts';
import { createPipeline } from '../../enclave/node/pipeline.ts';
import { createProofs } from '../../enclave/prove/proofs.ts';
import { createProofSpool } from '../../enclave/prove/spool.ts';
import type { Outcome } from '../../enclave/sandbox/engine.ts';
import { type CallHandler, serveCall, serveElicit } from '../../enclave/session/serve.ts';
import { SessionStore } from '../../enclave/session/session-store.ts';
import type { VerifierCrypto } from '../../shared/attestation/crypto.ts';
import { fromHex, toHex } from '../../shared/bytes.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { NmpError } from '../../shared/errors.ts';
import { RECEIPT_IMAGES } from '../../shared/receipt/images.ts';
import type { Clock, Random } from '../../shared/runtime.ts';
import { LogicResponse } from '../../shared/wire/codec.ts';
import { PROTOCOL } from '../../shared/wire/constants.ts';
import { libp2pFrames } from '../../shared/wire/frames.ts';
import { ParentDisk } from './disk.ts';
import { type Enclave, type Enclaves, hardware, MARKER, type Parts } from './enclave.ts';
import { createSimEngine } from './engine.ts';
import type { Fault, Plan } from './faults.ts';
import { KeyService } from './key-service.ts';
import { createSimProver } from './prover.ts';
import { Choices } from './random.ts';
import { Relay } from './relay.ts';
import { Scheduler } from './scheduler.ts';
import { HONEST, type StreamPair, streamPair } from './stream.ts';

const SKEW_MS = 10 * 60_000;
/** An enclave that was ended answers again after this. */
const BOOT_MS = 5_000;
const PARENT_RESTART_MS = 2_000;
/** Of the enclave's release: the same after a restart. */
const SPOOL_KEY = new Uint8Array(32).fill(7);
const IMAGE_ID = fromHex(RECEIPT_IMAGES[0] ?? '') ?? new Uint8Array(32);

/** ECDSA in one thread, so that the order of events is the seed's alone. */
const verifier: VerifierCrypto = {
  importKey: (spki) => {
    let key: KeyObject;
    try {
      key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    } catch {
      throw new NmpError('ATTESTATION_CERTIFICATE_KEY');
    }
    return {
      verify: (message, signature) =>
        verify('sha384', message, { key, dsaEncoding: 'ieee-p1363' }, signature),
    };
  },
  sha256: (bytes) => Uint8Array.from(createHash('sha256').update(bytes).digest()),
};

export class World {
  readonly scheduler = new Scheduler();
  readonly violations: string[] = [];
  /** How each start of the enclave ended: `up` or the code. */
  readonly starts: string[] = [];
  /** Faults happen only while this is true. */
  faulty = true;
  readonly #plan: Plan;
  readonly #enclaves: Enclaves;
  readonly #choices: Choices;
  readonly #relay: Relay;
  readonly #streams: StreamPair[] = [];
  readonly #secrets = new Set<string>([MARKER]);
  readonly #answered = new Map<string, number>();
  readonly #sealed = new Set<string>();
  #booted = 0;
  #parentUp = true;
  #enclaveUp = false;
  /** Starts that are still to be tried for the first time. */
  #toStart = 0;
  readonly #disk: ParentDisk;
  readonly #keys: KeyService;
  #node: Running | undefined;

  constructor(seed: number, plan: Plan, enclaves: Enclaves) {
    this.#plan = plan;
    this.#enclaves = enclaves;
    this.#choices = new Choices(seed, 'world');
    this.#relay = new Relay({
      plan,
      choices: new Choices(seed, 'relay'),
      suite: createNodeSuite(),
      active: () => this.faulty,
      read: (plain) => this.#observe(plain),
    });
    hardware.clock = this.scheduler.clock();
    const { dataKey } = enclaves.parts;
    this.#secrets.add(Buffer.from(dataKey).toString('latin1'));
    this.#disk = new ParentDisk(() => this.#relay.happens('disk-full'));
    this.#keys = new KeyService(
      {
        scheduler: this.scheduler,
        verifier,
        choices: new Choices(seed, 'keys'),
        happens: (fault) => this.#relay.happens(fault),
        observe: (bytes) => this.#observe(bytes),
        violation: (what) => this.violations.push(what),
        impostor: enclaves.impostor,
      },
      { root: enclaves.root, pcr0: enclaves.pcr0, dataKey },
    );
  }

  /** Starts the enclave, and ends parent or enclave in the middle of things if the plan says so. */
  start(withinMs: number): void {
    this.#toStart++;
    void this.#boot();
    this.#scheduleRestarts(withinMs);
  }

  /** True while a start is due that has not been tried: faults go on until then. */
  get starting(): boolean {
    return this.#toStart > 0;
  }

  /** Starts until it comes up: with its data, its key, and what was left to prove. */
  async #boot(): Promise<void> {
    const { scheduler } = this;
    const booted = this.#booted;
    let tried = false;
    for (;;) {
      const { faulty } = this;
      try {
        const datasets = await this.#enclaves.parts.openSealed(this.#keys.connect(this.#nsm()));
        if (this.#booted !== booted) return;
        const node = this.#start(this.#home(), datasets, true);
        this.#node = node;
        this.#enclaveUp = true;
        this.starts.push('up');
        return;
      } catch (error) {
        const code = error instanceof NmpError ? error.code : 'NO CODE';
        this.starts.push(code);
        if (code === 'NO CODE' || code === 'INTERNAL') {
          this.violations.push(`a start ended with ${code}: ${String(error)}`);
        }
        if (!faulty) this.violations.push(`a start after the faults ended with ${code}`);
      } finally {
        if (!tried) this.#toStart--;
        tried = true;
      }
      await scheduler.sleep(BOOT_MS);
      if (this.#booted !== booted) return;
    }
  }

  /** Bytes that nobody outside may see. */
  keepSecret(text: string): void {
    this.#secrets.add(text);
  }

  client(index: 0 | 1): NmpClient {
    const privateKey = this.#enclaves.clients[index];
    const skew = () => this.#skew('client');
    const choices = new Choices(index, 'client');
    const random = {
      bytes: (length: number) => {
        if (this.#relay.happens('client-entropy')) throw new NmpError('ENTROPY');
        return choices.bytes(length);
      },
    };
    const peer = peerIdFromPrivateKey(privateKey);
    const identity = {
      peerId: peer.toString(),
      multihash: peer.toMultihash().bytes,
      sign: async (message: Uint8Array) => privateKey.sign(message),
    };
    return new NmpClient(
      {
        suite: this.#watched(createNodeSuite()),
        verifier,
        clock: this.scheduler.clock(skew),
        random,
        mesh: this.#mesh(identity),
        receipts: async () => this.#enclaves.receipts,
      },
      { policy: this.#enclaves.policy, privateKey },
    );
  }

  /** What must hold when all is over. */
  async settle(): Promise<void> {
    const { scheduler } = this;
    const endMs = scheduler.nowMs + 120_000;
    scheduler.after(120_000, () => undefined);
    await scheduler.run(() => scheduler.nowMs >= endMs);
    const open = this.#streams.filter((stream) => stream.open()).length;
    const left = this.#disk.jobs().length;
    // What could not be taken off (a full disk, no nonce to seal with) is proven again after a restart.
    const stays = (['disk-full', 'node-entropy'] as const).some((fault) =>
      this.#plan.faults.includes(fault),
    );
    if (left > 0 && !stays) {
      this.violations.push(`${left} proofs were never finished`);
    }
    if (open > 0) this.violations.push(`${open} streams are open long after the last call`);
  }

  #scheduleRestarts(withinMs: number): void {
    const { scheduler } = this;
    if (this.#plan.faults.includes('parent-restart')) {
      scheduler.after(this.#choices.below(withinMs), () => {
        this.#parentUp = false;
        this.#cutAll();
        scheduler.after(PARENT_RESTART_MS, () => {
          this.#parentUp = true;
        });
      });
    }
    const { faults } = this.#plan;
    if (faults.includes('enclave-restart') || faults.includes('rewind-spool')) {
      this.#toStart++;
      // A spool has no past before something was proven.
      const soonestMs = faults.includes('rewind-spool') ? withinMs / 2 : 0;
      scheduler.after(soonestMs + this.#choices.below(withinMs), () => {
        this.#enclaveUp = false;
        this.#booted = 1;
        this.#node?.stop();
        this.#cutAll();
        scheduler.after(BOOT_MS, () => void this.#boot());
      });
    }
  }

  #home(): Enclave {
    return this.#enclaves.home[this.#booted] as Enclave;
  }

  #cutAll(): void {
    for (const stream of this.#streams) if (stream.open()) stream.cut();
  }

  #skew(party: 'client' | 'node'): number {
    if (!this.faulty) return 0;
    if (this.#plan.faults.includes(`${party}-clock-behind`)) return -SKEW_MS;
    return this.#plan.faults.includes(`${party}-clock-ahead`) ? SKEW_MS : 0;
  }

  #observe(bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString('latin1');
    for (const secret of this.#secrets) {
      if (text.includes(secret)) this.violations.push('plaintext was seen outside');
    }
  }

  /** The same suite; a key and nonce that seal twice are a violation. */
  #watched(suite: CryptoSuite): CryptoSuite {
    return {
      ...suite,
      aead: (key) => {
        const aead = suite.aead(key);
        const name = toHex(key);
        return {
          ...aead,
          wipe: () => aead.wipe(),
          open: (...what) => aead.open(...what),
          seal: (nonce, aad, plaintext) => {
            const used = `${name}/${toHex(nonce)}`;
            if (this.#sealed.has(used)) this.violations.push('a nonce was used twice');
            this.#sealed.add(used);
            return aead.seal(nonce, aad, plaintext);
          },
        };
      },
    };
  }

  #fate(): { readonly outcome: Outcome; readonly ms: number } {
    const outcomes = [
      ['guest-memory', 'out-of-memory', 20],
      ['guest-fuel', 'out-of-fuel', 900],
      ['guest-trap', 'trap', 5],
      ['sandbox-deadline', 'deadline', 5_000],
      ['sandbox-lost', 'lost', 300],
    ] as const;
    const found = outcomes.find(([fault]) => this.#relay.happens(fault));
    if (found !== undefined) return { outcome: found[1], ms: found[2] };
    return { outcome: 'ok', ms: 1 + this.#choices.below(20) };
  }

  #nsm() {
    const { nsm } = this.#home();
    return {
      attest: async (request: Parameters<typeof nsm.attest>[0]) => {
        if (this.#relay.happens('nsm-error')) throw new NmpError('NSM_INTERNAL');
        return nsm.attest(request);
      },
    };
  }

  #start(enclave: Enclave, datasets: Parts['datasets'], proving: boolean): Running {
    const { scheduler } = this;
    const { parts } = this.#enclaves;
    const clock = scheduler.clock(() => this.#skew('node'));
    const choices = this.#choices;
    const random = {
      bytes: (length: number) => {
        if (this.#relay.happens('node-entropy')) throw new NmpError('ENTROPY');
        return choices.bytes(length);
      },
    };
    const suite = this.#watched(createNodeSuite());
    const engine = createSimEngine({ scheduler }, () => this.#fate());
    const readScriptEngine = () => Promise.reject(new Error('no texts in the simulation'));
    const proofs = proving ? this.#proofs(datasets, clock, random) : undefined;
    const { egress, guardian, capabilities } = parts;
    const own = { egress, guardian, datasets, proofs };
    const pipeline = createPipeline(
      {
        ...{ ...own, suite, random, clock, engine, sign: enclave.sign, readScriptEngine },
        sleep: (ms) => scheduler.sleep(ms),
      },
      { capabilities, simulated: true },
    );
    const nsm = {
      ...enclave.nsm,
      attest: async (request: Parameters<typeof enclave.nsm.attest>[0]) => {
        if (this.#relay.happens('nsm-error')) throw new NmpError('NSM_INTERNAL');
        await scheduler.sleep(2);
        return enclave.nsm.attest(request);
      },
    };
    const sessions = new SessionStore({ clock, random });
    const serving = { suite, nsm, sessions, clock, random, calls: this.#judged(pipeline) };
    const shutdown = new AbortController().signal;
    const init = { statement: enclave.statement, nodePeerId: enclave.multihash };
    const handlers = new Map<string, Handler>([
      [
        PROTOCOL.elicit,
        streamHandler((peer, frames, s) => serveElicit(serving, init, peer, frames, s), shutdown),
      ],
      [
        PROTOCOL.call,
        streamHandler((peer, frames, s) => serveCall(serving, peer, frames, s), shutdown),
      ],
      [
        PROTOCOL.describe,
        streamHandler((_peer, frames, s) => serveRecord(enclave.record, frames, s), shutdown),
      ],
    ]);
    const stop = () => {
      sessions.clear();
      proofs?.stop();
    };
    return { handlers, stop };
  }

  /** @throws NmpError RECEIPT_SPOOL for a disk that was set back */
  #proofs(datasets: Parts['datasets'], clock: Clock, random: Random) {
    const booted = this.#booted;
    const suite = createNodeSuite();
    const happens = (fault: Fault) => this.#relay.happens(fault);
    const rewound = booted > 0 && this.#disk.hasPast && happens('rewind-spool');
    const storage = this.#disk.spool(() => this.#booted === booted, rewound);
    const init = { key: SPOOL_KEY, imageId: IMAGE_ID };
    const spool = createProofSpool({ random, ...storage }, init);
    if (rewound) this.violations.push('a spool of the past was taken');
    const tables = datasets.list().map(({ id, columns, commitment }) => {
      return { id, commitment, columns: columns.map((column) => column.name) };
    });
    const prover = createSimProver(
      { scheduler: this.scheduler, suite, choices: this.#choices, happens },
      { imageId: IMAGE_ID, datasets: tables },
    );
    const availableMemory = () => Number.MAX_SAFE_INTEGER;
    return createProofs({ suite, prover, clock, random, spool, availableMemory });
  }

  /** Watches what leaves the pipeline, and crosses answers if the plan says so. */
  #judged(pipeline: CallHandler): CallHandler {
    let earlier: Uint8Array | undefined;
    return async (request, context) => {
      const bytes = await pipeline(request, context);
      // How a proof fares is asked again and again.
      if (request.job !== '') return bytes;
      const { refusal, semanticEvidence, cryptographicProof } = LogicResponse.decode(bytes);
      if (refusal !== undefined) {
        if (semanticEvidence !== '' || cryptographicProof.length > 0) {
          this.violations.push('a refusal came with an answer or a certificate');
        }
        return bytes;
      }
      if (semanticEvidence.includes(MARKER)) this.violations.push('a record left the filter');
      const nonce = toHex(request.requestNonce);
      const times = (this.#answered.get(nonce) ?? 0) + 1;
      this.#answered.set(nonce, times);
      if (times > 1) this.violations.push('a request was answered twice');
      const crossed = earlier !== undefined && this.#relay.happens('crossed-answers');
      const answer = crossed ? earlier : bytes;
      earlier = bytes;
      return answer ?? bytes;
    };
  }

  #mesh(identity: ClientNode['identity']): ClientNode {
    const { scheduler } = this;
    const reach = async (signal: AbortSignal) => {
      await scheduler.sleep(1 + this.#choices.below(40));
      if (signal.aborted) throw new NmpError('TIMEOUT');
      if (!this.#parentUp || !this.#enclaveUp) throw new NmpError('UNREACHABLE');
    };
    const dial = async (signal: AbortSignal) => {
      await reach(signal);
      return { id: this.#home().peerId, multihash: this.#home().multihash };
    };
    return {
      identity,
      dial: (_address, signal) => dial(signal),
      dialProvider: (_provider, signal) => dial(signal),
      open: async (_peer, protocol, signal) => {
        await reach(signal);
        return libp2pFrames(this.#open(protocol, identity).client);
      },
      async *providers() {},
      stop: async () => undefined,
    };
  }

  #open(protocol: string, { peerId, multihash }: ClientNode['identity']): StreamPair {
    const link = {
      scheduler: this.scheduler,
      latencyMs: () => 1 + this.#choices.below(30),
      observe: (piece: Uint8Array) => this.#observe(piece),
    };
    const lied = protocol === PROTOCOL.elicit && this.#relay.happens('lie-about-peer');
    const { handlers } = lied
      ? this.#start(this.#enclaves.stranger, this.#enclaves.parts.datasets, false)
      : (this.#node ?? never());
    const ids = { client: multihash, node: this.#home().multihash };
    const [toNode, toClient] = this.#relay.ways(protocol, ids);
    const pair = streamPair(link, toNode, toClient);
    this.#serve(pair, protocol, handlers, { peerId, multihash });
    if (this.#relay.happens('replay-request')) this.#replay(protocol, { peerId, multihash });
    return pair;
  }

  #serve(
    pair: StreamPair,
    protocol: string,
    handlers: Map<string, Handler>,
    peer: { readonly peerId: string; readonly multihash: Uint8Array },
  ): void {
    this.#streams.push(pair);
    const remotePeer = {
      toString: () => peer.peerId,
      toMultihash: () => ({ bytes: peer.multihash }),
    };
    const handler = handlers.get(protocol) ?? never();
    void handler(pair.node, { remotePeer } as Parameters<Handler>[1]);
  }

  /** The relay sends all that a client once sent, on a stream of its own. */
  #replay(protocol: string, peer: { readonly peerId: string; readonly multihash: Uint8Array }) {
    const past = this.#relay.earlier(protocol);
    if (past === undefined || this.#node === undefined) return;
    const link = { scheduler: this.scheduler, latencyMs: () => 5, observe: () => undefined };
    const pair = streamPair(link, HONEST, HONEST);
    this.#serve(pair, protocol, this.#node.handlers, peer);
    for (const piece of past.toNode) pair.client.send(piece);
    this.scheduler.after(60_000, pair.cut);
  }
}

type Handler = ReturnType<typeof streamHandler>;

/** An enclave that is up. */
interface Running {
  readonly handlers: Map<string, Handler>;
  readonly stop: () => void;
}

function never(): never {
  throw new Error('not in this simulation');
}
