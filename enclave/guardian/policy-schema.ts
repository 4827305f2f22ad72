/** Reads policies and manifests from JSON: strict, so that a misspelt rule is an error. */
import { z } from 'zod';
import { NmpError } from '../../shared/errors.ts';
import type { ModuleManifest } from './guardian.ts';
import {
  DEFAULT_POLICY,
  type GuardianPolicy,
  MODULE_BYTES_CEILING,
  NESTING_CEILING,
} from './policy.ts';
import { CAPABILITIES } from './wasi.ts';

/** Longest manifest or policy file, characters. */
const GUARD_FILE_CHARS_MAX = 65_536;
const COUNT_MAX = 0xffff_ffff;

const bound = (max: number, text: string) =>
  z.number().int().min(0).max(max).optional().describe(text);
const treatment = (text: string) => z.enum(['reject', 'flag']).optional().describe(text);

const manifestSchema = z
  .strictObject({
    entry: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Export that the host calls; it must be there, with the type of its ABI.'),
    capabilities: z
      .array(
        z.union([
          z.enum(CAPABILITIES),
          z
            .string()
            .max(256)
            .regex(/^wasi:[a-z0-9-]+\/[a-z0-9-]+(?:@[0-9A-Za-z.+-]+)?$/)
            .describe(
              'A WASI interface, for components; without a version it means every version.',
            ),
        ]),
      )
      .max(64)
      .default([])
      .describe('What the module may import beyond proc_exit, fd_close, fd_seek, fd_fdstat_get.'),
    deterministic: z
      .boolean()
      .optional()
      .describe('True if nothing but the input may decide the output: only stdin and stdout.'),
  })
  .describe('What the sender of a module declares about it.');

const policySchema = z
  .strictObject({
    limits: z
      .strictObject({
        moduleBytes: bound(MODULE_BYTES_CEILING, 'Bytes of the module; refused as COST.'),
        memoryPages: bound(65_536, 'Pages of 64 KiB that all memories start with together.'),
        tableEntries: bound(COUNT_MAX, 'Elements that all tables start with together.'),
        functions: bound(COUNT_MAX, 'Functions with a body.'),
        imports: bound(COUNT_MAX, 'Imports.'),
        params: bound(1000, 'Parameters, and results, of one type.'),
        locals: bound(50_000, 'Declared locals of one function.'),
        nesting: bound(NESTING_CEILING, 'Blocks within blocks.'),
        brTable: bound(COUNT_MAX, 'Targets of one br_table.'),
        customBytes: bound(COUNT_MAX, 'Content bytes of all custom sections together.'),
        customSections: bound(COUNT_MAX, 'Number of custom sections.'),
      })
      .optional()
      .describe('Summed over all instances of a component; a limit left out keeps its default.'),
    startFunction: treatment('A start function.'),
    customSections: treatment('Custom sections beyond their limits.'),
    declaredMaximum: treatment('A declared memory or table maximum beyond the limit.'),
    secrets: treatment('A credential in data or a custom section.'),
    maximumCost: z
      .string()
      .regex(/^[0-9]{1,20}$/)
      .nullable()
      .optional()
      .describe('Highest fuel bound, decimal; a module without a bound is refused. Null: any.'),
    maximumStackSlots: z
      .number()
      .int()
      .min(0)
      .max(COUNT_MAX)
      .nullable()
      .optional()
      .describe('Most stack slots; a module without a bound is refused. Null: any.'),
  })
  .describe('What the guardian allows; everything left out keeps its default.');

/** Drops members that are absent, so that spreads keep the defaults. */
function present<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function parse<T>(schema: z.ZodType<T>, text: string, file: string): T {
  if (text.length > GUARD_FILE_CHARS_MAX) {
    throw new NmpError('CONFIG_INVALID', `${file}: longer than ${GUARD_FILE_CHARS_MAX} characters`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new NmpError('CONFIG_INVALID', `${file}: not JSON`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place =
    issue === undefined || issue.path.length === 0 ? '$' : `$.${issue.path.map(String).join('.')}`;
  throw new NmpError('CONFIG_INVALID', `${file}: ${place}: ${issue?.message ?? 'does not fit'}`);
}

/** @throws NmpError CONFIG_INVALID naming the place; `file` only names the source in messages */
export function parseManifest(text: string, file: string): ModuleManifest {
  const { capabilities, ...rest } = parse(manifestSchema, text, file);
  return { capabilities, ...present(rest) };
}

/** @throws NmpError CONFIG_INVALID naming the place; `file` only names the source in messages */
export function parsePolicy(text: string, file: string): GuardianPolicy {
  const { limits, ...rest } = parse(policySchema, text, file);
  return {
    ...DEFAULT_POLICY,
    ...present(rest),
    limits: { ...DEFAULT_POLICY.limits, ...present(limits ?? {}) },
  };
}

/** The JSON Schema files of docs/schemas, by name. */
export function guardSchemaFiles(): Readonly<Record<string, string>> {
  const text = (schema: z.ZodType) =>
    `${JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), null, 2)}\n`;
  return {
    'guard-manifest.schema.json': text(manifestSchema),
    'guard-policy.schema.json': text(policySchema),
  };
}
