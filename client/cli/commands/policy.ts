/** `nmp policy lint|test`: what an egress policy leaves open, and what it does to samples. */
import { EXIT, NmpError } from '../../../shared/errors.ts';
import {
  type EgressPolicyFile,
  lintEgressPolicy,
  parseEgressPolicy,
} from '../../../shared/policy/egress-policy.ts';
import { bodyOf } from '../documents.ts';
import { readBounded } from '../files.ts';
import { loadEgress } from '../node-side.ts';
import type { Register } from '../register.ts';

const POLICY_BYTES_MAX = 1024 * 1024;
const SAMPLES_BYTES_MAX = 64 * 1024 * 1024;

async function readText(file: string, most: number): Promise<string> {
  return new TextDecoder().decode(await readBounded(file, most));
}

async function readPolicy(file: string): Promise<EgressPolicyFile> {
  return parseEgressPolicy(await readText(file, POLICY_BYTES_MAX), file);
}

async function lint(file: string, options: { readonly json?: boolean }): Promise<void> {
  const remarks = lintEgressPolicy(await readPolicy(file));
  const weak = remarks.some(({ level }) => level === 'weak');
  if (options.json === true) process.stdout.write(`${JSON.stringify({ remarks })}\n`);
  else if (remarks.length === 0) process.stdout.write(`${file}: nothing to remark\n`);
  else
    for (const { level, path, text } of remarks)
      process.stdout.write(`${level}  ${path}  ${text}\n`);
  process.exitCode = weak ? EXIT.blocked : EXIT.ok;
}

async function test(
  file: string,
  options: { readonly samples: string; readonly json?: boolean },
): Promise<void> {
  const { restrictedKeys = [], canaries = [] } = await readPolicy(file);
  const scanner = (await loadEgress()).loadScanner();
  const indexes = canaries.length === 0 ? [] : [scanner.indexCanaries(canaries)];
  let wrong = 0;
  const lines = (await readText(options.samples, SAMPLES_BYTES_MAX)).split('\n');
  lines.forEach((line, at) => {
    if (line.trim() === '') return;
    const { id, body, expect } = bodyOf(line, at + 1);
    if (expect !== 'block' && expect !== 'pass') {
      throw new NmpError('USAGE', `line ${at + 1}: "expect" is neither "block" nor "pass"`);
    }
    const { findings, undecodable } = scanner.scan(body, restrictedKeys, indexes);
    const types = [...new Set(findings.map(({ kind }) => kind))].sort();
    if (undecodable) types.push('UNDECODABLE');
    const held = types.length > 0 === (expect === 'block');
    if (!held) wrong++;
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify({ id, expect, held, types })}\n`);
    } else if (!held) {
      process.stdout.write(
        `line ${at + 1}: expected ${expect}, found ${types.join(', ') || 'nothing'}\n`,
      );
    }
  });
  if (options.json !== true) process.stdout.write(`${wrong} not as expected\n`);
  process.exitCode = wrong > 0 ? EXIT.blocked : EXIT.ok;
}

export const registerPolicy: Register = (program) => {
  const policy = program.command('policy').description('Check an egress policy.');
  policy
    .command('lint')
    .argument('<file>', 'egress policy, JSON')
    .description('Say what a valid policy leaves open; exit 4 if something is weak.')
    .option('--json', 'one JSON object on standard output')
    .action(lint);
  policy
    .command('test')
    .argument('<file>', 'egress policy, JSON')
    .requiredOption('--samples <file>', '{id, body | body_b64, expect: "block" | "pass"} a line')
    .description('Judge samples by a policy; exit 4 if one is not as expected.')
    .option('--json', 'one JSON line a sample')
    .action(test);
};
