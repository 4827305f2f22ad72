/**
 * Makes examples/health: synthetic patients by Synthea 3.3.0 (MITRE, Apache-2.0), slimmed to the
 * fields that the example's views read and to a few identifying ones that must never leave.
 * Usage: node scripts/data/health.ts   (needs mvn and Java 17; about two minutes)
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SEED = '20260101';
const PATIENTS = '300';
/** Blood pressure, body mass index, haemoglobin A1c (LOINC). */
const OBSERVATIONS: ReadonlySet<string> = new Set(['85354-9', '39156-5', '4548-4']);
const BIRTH_SEX = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex';
const SSN = 'http://hl7.org/fhir/sid/us-ssn';

type Json = { readonly [key: string]: unknown };

function run(command: string, args: readonly string[], cwd: string): void {
  process.stderr.write(`· ${command} ${args.join(' ')}\n`);
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${command} failed; mvn and Java 17 are needed`);
}

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** Objects of the array member `name`. */
function list(owner: unknown, name: string): readonly Json[] {
  const value = isJson(owner) ? owner[name] : undefined;
  return Array.isArray(value) ? value.filter(isJson) : [];
}

const pick = (owner: Json, ...names: readonly string[]): Json =>
  Object.fromEntries(names.filter((name) => name in owner).map((name) => [name, owner[name]]));

/** A CodeableConcept without what its first coding already says. */
function concept(value: unknown): Json {
  return { coding: list(value, 'coding').slice(0, 1) };
}

function slimPatient(resource: Json): Json {
  const address = list(resource, 'address')[0] ?? {};
  return {
    ...pick(resource, 'resourceType', 'id'),
    extension: list(resource, 'extension').filter((entry) => entry.url === BIRTH_SEX),
    identifier: list(resource, 'identifier')
      .filter((entry) => entry.system === SSN)
      .map((entry) => pick(entry, 'system', 'value')),
    name: list(resource, 'name')
      .slice(0, 1)
      .map((name) => pick(name, 'family', 'given')),
    telecom: list(resource, 'telecom')
      .slice(0, 1)
      .map((entry) => pick(entry, 'system', 'value')),
    ...pick(resource, 'gender', 'birthDate'),
    address: [pick(address, 'city', 'state', 'postalCode')],
  };
}

function slimCondition(resource: Json): Json | undefined {
  const coding = list(resource.code, 'coding')[0] ?? {};
  // Social findings and administrative situations are most of Synthea's conditions.
  if (/\((finding|situation)\)$/.test(String(coding.display))) return undefined;
  return {
    ...pick(resource, 'resourceType', 'id'),
    clinicalStatus: concept(resource.clinicalStatus),
    code: concept(resource.code),
    ...pick(resource, 'subject', 'onsetDateTime'),
  };
}

function slimObservation(resource: Json): Json | undefined {
  const code = list(resource.code, 'coding')[0]?.code;
  if (!OBSERVATIONS.has(String(code))) return undefined;
  const component = list(resource, 'component').map((part) => ({
    code: concept(part.code),
    ...pick(part, 'valueQuantity'),
  }));
  return {
    ...pick(resource, 'resourceType', 'id', 'status'),
    code: concept(resource.code),
    ...pick(resource, 'subject', 'effectiveDateTime', 'valueQuantity'),
    ...(component.length > 0 ? { component } : {}),
  };
}

const root = join(import.meta.dirname, '..', '..');
const work = mkdtempSync(join(tmpdir(), 'nmp-synthea-'));
try {
  const libraries = `-DoutputDirectory=${join(work, 'lib')}`;
  run(
    'mvn',
    ['-q', '-B', 'dependency:copy-dependencies', libraries],
    join(import.meta.dirname, 'synthea'),
  );
  const synthea = ['-Xmx2g', '-cp', join(work, 'lib', '*'), 'App'];
  // -s population, -cs clinicians, -r reference date, -e end date: all fixed, one thread.
  const fixed = ['-s', SEED, '-cs', SEED, '-r', SEED, '-e', SEED, '-p', PATIENTS, 'Massachusetts'];
  const options = {
    'exporter.baseDirectory': work,
    'exporter.fhir.export': 'true',
    'exporter.fhir.bulk_data': 'true',
    'exporter.fhir.included_resources': 'Patient,Condition,Observation',
    'exporter.years_of_history': '2',
    'exporter.hospital.fhir.export': 'false',
    'exporter.practitioner.fhir.export': 'false',
    'generate.only_alive_patients': 'true',
    'generate.thread_pool_size': '1',
  };
  const flags = Object.entries(options).flatMap(([key, value]) => [`--${key}`, value]);
  run('java', [...synthea, ...fixed, ...flags], work);

  const out = join(root, 'examples', 'health');
  mkdirSync(out, { recursive: true });
  const slim = { Patient: slimPatient, Condition: slimCondition, Observation: slimObservation };
  for (const [type, reduce] of Object.entries(slim)) {
    const lines = readFileSync(join(work, 'fhir', `${type}.ndjson`), 'utf8')
      .trimEnd()
      .split('\n');
    const kept = lines
      .map((line): Json | undefined => reduce(JSON.parse(line)))
      .filter((resource) => resource !== undefined)
      .map((resource) => JSON.stringify(resource));
    writeFileSync(join(out, `${type}.ndjson`), `${kept.join('\n')}\n`);
    process.stderr.write(`  ${type}: ${kept.length} of ${lines.length}\n`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
