/**
 * What a client checks of a receipt before it believes an answer. Order: kind · image id · seal ·
 * journal digest · every field of the journal against the request · outcome. Each check has its
 * own code, and the first that fails ends the verification.
 */
import { equalBytes, fromHex, toHex } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { type ErrorCode, NmpError } from '../errors.ts';
import { commitTo, OUTPUT_LABEL } from './commitment.ts';
import { RECEIPT_IMAGES } from './images.ts';
import {
  commitToArguments,
  datasetsDigest,
  decodeJournal,
  type Journal,
  RECEIPT_PROFILE,
  type ReceiptDataset,
  type ReceiptOutcome,
  TRANSLATED_PROFILE,
} from './journal.ts';
import { createSealVerifier, type SealReport, type SealVerifier } from './seal.ts';

/** What the receipt must be about: all of it known to the client without trusting the node. */
export interface ReceiptRequest {
  /** Image id of the proven program, 32 bytes: the module's translation, or a guest of this release. */
  readonly imageId: Uint8Array;
  /** `receiptNonce` of session and call, 32 bytes. */
  readonly nonce: Uint8Array;
  /** Fuel limit in units of the program's profile. */
  readonly fuel: bigint;
  /** Arguments as canonical JSON, UTF-8. */
  readonly arguments: Uint8Array;
  /** 32 bytes from the sealed answer; blinds arguments and input. */
  readonly inputSalt: Uint8Array;
  /** Commitment to the whole input, from certificate and answer. */
  readonly inputCommitment: Uint8Array;
  readonly datasets: readonly ReceiptDataset[];
  /** 32 bytes from the sealed answer. */
  readonly outputSalt: Uint8Array;
  /** The answer, UTF-8; empty unless the outcome is `ok`. */
  readonly output: Uint8Array;
  readonly outcome: ReceiptOutcome;
}

export interface VerifiedReceipt {
  readonly kind: 'stark-composite';
  readonly imageId: string;
  readonly segments: number;
  readonly journal: Journal;
}

export interface ReceiptVerifier {
  /**
   * @param module the WebAssembly that was sent @param receipt at most 8 MiB
   * @throws NmpError RECEIPT_*; what is returned holds without trust in node or cloud
   */
  verify(
    module: Uint8Array,
    receipt: Uint8Array,
    request: ReceiptRequest,
  ): Promise<VerifiedReceipt>;
  /**
   * The same for a module that is known by its SHA-256 alone, one installed at the node: the
   * interpreter must have run it, for the image id of a translation comes from the module itself.
   */
  verifyHash(
    moduleHash: Uint8Array,
    receipt: Uint8Array,
    request: ReceiptRequest,
  ): Promise<VerifiedReceipt>;
  /**
   * Image id to verify a receipt with whose program the node chose: the one that it names if that is
   * the translation of `module` or a guest of this release; otherwise a guest's, which it then fails.
   * @param module undefined if it is known by its SHA-256 alone
   */
  imageOf(receipt: Uint8Array, module: Uint8Array | undefined): Promise<Uint8Array>;
  /** What a receipt says of itself, unjudged. */
  inspect(receipt: Uint8Array): Promise<SealReport>;
}

/** The code of the first field that is not as asked. */
function mismatch(
  suite: CryptoSuite,
  journal: Journal,
  profile: string | undefined,
  moduleHash: Uint8Array,
  request: ReceiptRequest,
): ErrorCode | undefined {
  const { inputSalt, outputSalt } = request;
  const output = commitTo(suite, OUTPUT_LABEL, outputSalt, request.output);
  const checks: readonly (readonly [ErrorCode, boolean])[] = [
    ['RECEIPT_PROFILE', journal.profile === profile],
    ['RECEIPT_MODULE', equalBytes(journal.moduleHash, moduleHash)],
    [
      'RECEIPT_ARGUMENTS',
      equalBytes(
        journal.argumentsCommitment,
        commitToArguments(suite, inputSalt, request.arguments),
      ),
    ],
    ['RECEIPT_INPUT', equalBytes(journal.inputCommitment, request.inputCommitment)],
    ['RECEIPT_DATASETS', equalBytes(journal.datasets, datasetsDigest(suite, request.datasets))],
    ['RECEIPT_OUTPUT', equalBytes(journal.outputCommitment, output)],
    ['RECEIPT_NONCE', equalBytes(journal.nonce, request.nonce)],
    ['RECEIPT_FUEL', journal.fuel === request.fuel],
    ['RECEIPT_OUTCOME', journal.outcome === request.outcome],
  ];
  return checks.find(([, holds]) => !holds)?.[0];
}

/**
 * The checks around a seal verifier that is there already.
 * @param init.images image ids of guests to allow in place of this release's, for one of one's own;
 *   translated modules are then refused
 */
export function receiptVerifierWith(
  { suite, seals }: { readonly suite: CryptoSuite; readonly seals: SealVerifier },
  init: { readonly images?: readonly string[] },
): ReceiptVerifier {
  const images = init.images ?? RECEIPT_IMAGES;
  const isTranslation = async (image: Uint8Array, module: Uint8Array | undefined) => {
    if (module === undefined || init.images !== undefined) return false;
    const translated = await seals.translatedImageId(module);
    return translated !== undefined && equalBytes(translated, image);
  };
  /** What the journals of a program are called; undefined if it is none to believe. */
  const profileOf = async (image: Uint8Array, module: Uint8Array | undefined) => {
    if (images.includes(toHex(image))) return RECEIPT_PROFILE;
    return (await isTranslation(image, module)) ? TRANSLATED_PROFILE : undefined;
  };
  const verify = async (
    { module, hash }: { readonly module?: Uint8Array; readonly hash: Uint8Array },
    receipt: Uint8Array,
    request: ReceiptRequest,
  ): Promise<VerifiedReceipt> => {
    const sealed = await seals.check(receipt, request.imageId);
    // Kind and form come before the image in the verifier's own order.
    const early = sealed.failure === 'RECEIPT_MALFORMED' || sealed.failure === 'RECEIPT_KIND';
    const profile = early ? undefined : await profileOf(request.imageId, module);
    if (!early && profile === undefined) throw new NmpError('RECEIPT_IMAGE');
    if (sealed.failure !== undefined) throw new NmpError(sealed.failure);
    const journal = decodeJournal(sealed.journal);
    const wrong = mismatch(suite, journal, profile, hash, request);
    if (wrong !== undefined) throw new NmpError(wrong);
    const { segments } = sealed;
    return { kind: 'stark-composite', imageId: toHex(request.imageId), segments, journal };
  };
  return {
    verify: (module, receipt, request) =>
      verify({ module, hash: suite.sha256(module) }, receipt, request),
    verifyHash: (hash, receipt, request) => verify({ hash }, receipt, request),
    imageOf: async (receipt, module) => {
      const { image } = await seals.check(receipt, new Uint8Array(32));
      const known = (await profileOf(image, module)) !== undefined;
      return known ? image : (fromHex(images[0] ?? '') ?? new Uint8Array(0));
    },
    inspect: (receipt) => seals.check(receipt, new Uint8Array(32)),
  };
}

/**
 * @param init.wasm the committed receipt-verifier.wasm @param init.images see `receiptVerifierWith`
 * @throws NmpError RECEIPT_VERIFIER
 */
export async function createReceiptVerifier(
  { suite }: { readonly suite: CryptoSuite },
  init: { readonly wasm: Uint8Array; readonly images?: readonly string[] },
): Promise<ReceiptVerifier> {
  return receiptVerifierWith({ suite, seals: await createSealVerifier(suite, init.wasm) }, init);
}
