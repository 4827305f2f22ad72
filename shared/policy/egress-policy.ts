/** The data owner's egress policy: part of a capability in nmp.node.json, or a file of its own. */
import { z } from 'zod';
import { NmpError } from '../errors.ts';

/** Longest policy file, characters. */
const POLICY_CHARS_MAX = 262_144;
/** Groups smaller than this are seen as identifying by health authorities. */
const GROUP_USUAL = 11;

const privacySchema = z
  .strictObject({
    milliEpsilon: z.int().min(1).max(10_000).describe('ε of one answer, in thousandths.'),
    milliEpsilonTotal: z
      .int()
      .min(1)
      .max(1_000_000)
      .describe('ε of all answers about one dataset, to everybody, in thousandths.'),
    fields: z
      .record(z.string().min(1).max(64), z.int().min(1).max(1_000_000_000))
      .refine((fields) => Object.keys(fields).length >= 1 && Object.keys(fields).length <= 32)
      .describe('Integers of the answer that get noise, with how much one person can change each.'),
  })
  .describe('Differential privacy of declared aggregates: discrete Laplace noise, and a ledger.');

export type PrivacyPolicy = z.output<typeof privacySchema>;

export const egressPolicySchema = z
  .strictObject({
    minimumGroup: z
      .int()
      .min(0)
      .max(1_000_000)
      .exactOptional()
      .describe('Fewest rows that an answer may be about.'),
    restrictedKeys: z.array(z.string().min(1).max(128)).max(256).exactOptional(),
    quotaBits: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .exactOptional()
      .describe('Bits that one client may learn of one dataset with one module.'),
    clientQuotaBits: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .exactOptional()
      .describe('Bits that one client may learn of one dataset with all its modules.'),
    blocksBeforeQuarantine: z
      .int()
      .min(1)
      .max(1_000)
      .exactOptional()
      .describe('Blocked answers of one client with one module before it is held; default 3.'),
    privacy: privacySchema.exactOptional(),
    canaries: z
      .array(z.string().min(12).max(256))
      .max(64)
      .exactOptional()
      .describe('Strings planted in rows of the dataset; any trace of one bans the module.'),
  })
  .describe('What the egress filter enforces beyond the output schema.');

export type EgressPolicyFile = z.output<typeof egressPolicySchema>;

/**
 * @param file its name as the reader knows it, for messages
 * @throws NmpError CONFIG_INVALID naming file and place, never a value
 */
export function parseEgressPolicy(text: string, file: string): EgressPolicyFile {
  let value: unknown;
  try {
    if (text.length > POLICY_CHARS_MAX) throw new RangeError('too long');
    value = JSON.parse(text);
  } catch {
    throw new NmpError(
      'CONFIG_INVALID',
      `${file}: not JSON of at most ${POLICY_CHARS_MAX} characters`,
    );
  }
  const parsed = egressPolicySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => ['$', ...issue.path.map(String)].join('.'));
  throw new NmpError('CONFIG_INVALID', `${file}: ${[...new Set(places)].slice(0, 8).join(', ')}`);
}

export interface PolicyRemark {
  /** `weak`: more can leave than most owners want; `note`: worth knowing. */
  readonly level: 'weak' | 'note';
  readonly path: string;
  readonly text: string;
}

/** What a valid policy leaves open. */
export function lintEgressPolicy(policy: EgressPolicyFile): readonly PolicyRemark[] {
  const remarks: PolicyRemark[] = [];
  const add = (level: PolicyRemark['level'], path: string, text: string) =>
    remarks.push({ level, path, text });
  const { minimumGroup, quotaBits, clientQuotaBits, canaries = [], restrictedKeys = [] } = policy;
  if (minimumGroup === undefined) add('weak', '$.minimumGroup', 'answers may be about one person');
  else if (minimumGroup < GROUP_USUAL) {
    add('weak', '$.minimumGroup', `below ${GROUP_USUAL}, the usual smallest group`);
  }
  if (clientQuotaBits === undefined) {
    const text =
      quotaBits === undefined
        ? 'nothing bounds what many answers tell together'
        : 'a client that changes one byte of its module has a new quota';
    add('weak', '$.clientQuotaBits', text);
  } else if (quotaBits !== undefined && quotaBits > clientQuotaBits) {
    add('note', '$.quotaBits', 'never reached: clientQuotaBits is smaller');
  }
  if (canaries.length === 0) add('note', '$.canaries', 'no row is planted: intent is not proven');
  canaries.forEach((canary, at) => {
    if (!/[a-z]/i.test(canary) && canary.replace(/\D/g, '').length < 12) {
      add('weak', `$.canaries.${at}`, 'so few digits may stand in an honest answer');
    }
  });
  const squeezed = restrictedKeys.map((key) => key.toLowerCase().replace(/[^a-z0-9]/g, ''));
  squeezed.forEach((key, at) => {
    if (key === '')
      add('weak', `$.restrictedKeys.${at}`, 'has no letter or digit: matches nothing');
    else if (squeezed.indexOf(key) !== at) {
      add('note', `$.restrictedKeys.${at}`, 'named twice: spelling and case do not count');
    }
  });
  return remarks;
}

/** The JSON Schema (2020-12) of the file, as docs/schemas holds it. */
export function egressPolicySchemaFile(): string {
  const schema = z.toJSONSchema(egressPolicySchema, { io: 'input' });
  return `${JSON.stringify({ title: 'NMP egress policy', ...schema }, null, 2)}\n`;
}
