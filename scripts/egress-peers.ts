/**
 * Scores other scanners on the samples that scripts/egress-score.ts --write made.
 * Usage: node scripts/egress-peers.ts SAMPLES [--gitleaks PROGRAM] [--python PROGRAM] [--each N]
 *   [--secretlint FOLDER]
 * Python needs detect-secrets and presidio-analyzer; FOLDER is a package with @secretlint/node and
 * its recommended preset. Every N-th sample is taken; nothing is installed here.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    gitleaks: { type: 'string' },
    python: { type: 'string' },
    secretlint: { type: 'string' },
    each: { type: 'string', default: '1' },
  },
});

interface Sample {
  readonly id: string;
  readonly tier: string;
  readonly body_b64: string;
}

function isSample(value: unknown): value is Sample {
  return typeof value === 'object' && value !== null && 'id' in value && 'body_b64' in value;
}

const samples = readFileSync(positionals[0] ?? '', 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line): unknown => JSON.parse(line))
  .filter(isSample)
  .filter((_, at) => at % Number(values.each) === 0);

const folder = mkdtempSync(join(tmpdir(), 'egress-peers-'));
const files = join(folder, 'samples');
mkdirSync(files);
for (const { id, body_b64 } of samples) {
  writeFileSync(join(files, `${id}.txt`), Buffer.from(body_b64, 'base64'));
}

function run(program: string, args: readonly string[], cwd = folder): string {
  const options = { cwd, maxBuffer: 1 << 28, encoding: 'utf8' } as const;
  const { stdout, error } = spawnSync(program, args, options);
  if (error !== undefined) throw error;
  return stdout;
}

function tell(name: string, blocked: ReadonlySet<string>, ms: number): void {
  const tiers = Map.groupBy(samples, ({ tier }) => tier);
  const bytes = samples.reduce((sum, { body_b64 }) => sum + (body_b64.length * 3) / 4, 0);
  const parts = [...tiers].map(([tier, all]) => {
    const hits = all.filter(({ id }) => blocked.has(id)).length;
    return `${tier} ${((100 * hits) / all.length).toFixed(2)} %`;
  });
  const speed = (bytes / 1000 / ms).toFixed(3);
  process.stdout.write(`${name}: ${parts.join(', ')}; ${speed} MB/s, its start included\n`);
}

function score(name: string, scan: () => Iterable<string>): void {
  const started = performance.now();
  const blocked = new Set(scan());
  tell(name, blocked, performance.now() - started);
}

const idOf = (path: string) => /(\d+)\.txt/.exec(path)?.[1] ?? '';

if (values.gitleaks !== undefined) {
  const program = values.gitleaks;
  score('gitleaks', () => {
    const report = join(folder, 'gitleaks.json');
    const options = ['--report-format', 'json', '--report-path', report, '--max-decode-depth', '5'];
    run(program, ['dir', files, '--exit-code', '0', '--no-banner', ...options]);
    const found: { readonly File: string }[] = JSON.parse(readFileSync(report, 'utf8'));
    return found.map(({ File }) => idOf(File));
  });
}

const PYTHON = {
  'detect-secrets': `
from detect_secrets.core.scan import scan_line
from detect_secrets.settings import default_settings
def judge(text):
    with default_settings():
        return any(True for line in text.splitlines() for _ in scan_line(line))
`,
  presidio: `
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpEngine, NlpArtifacts
class NoNlp(NlpEngine):
    def load(self): pass
    def is_loaded(self): return True
    def process_text(self, text, language): return NlpArtifacts([], [], [], [], self, language)
    def process_batch(self, texts, language, **kw):
        return ((t, self.process_text(t, language)) for t in texts)
    def is_stopword(self, word, language): return False
    def is_punct(self, word, language): return False
    def get_supported_entities(self): return []
    def get_supported_languages(self): return ['en']
registry = RecognizerRegistry()
registry.load_predefined_recognizers(languages=['en'])
engine = AnalyzerEngine(registry=registry, nlp_engine=NoNlp(), supported_languages=['en'])
SKIP = {'URL', 'DATE_TIME', 'IP_ADDRESS'}
def judge(text):
    found = engine.analyze(text=text, language='en', score_threshold=0.5)
    return any(r.entity_type not in SKIP for r in found)
`,
};

if (values.python !== undefined) {
  const program = values.python;
  for (const [name, prelude] of Object.entries(PYTHON)) {
    const script = `${prelude}
import os, sys
for name in os.listdir(sys.argv[1]):
    with open(os.path.join(sys.argv[1], name), encoding='utf-8', errors='replace') as f: text = f.read()
    if judge(text): print(name)
`;
    score(name, () => run(program, ['-c', script, files]).split('\n').map(idOf));
  }
}

if (values.secretlint !== undefined) {
  const cwd = values.secretlint;
  const script = `
import { createEngine } from '@secretlint/node';
import { readdirSync, readFileSync } from 'node:fs';
const rules = [{ id: '@secretlint/secretlint-rule-preset-recommend' }];
const engine = await createEngine({ configFileJSON: { rules }, formatter: 'json', color: false });
for (const name of readdirSync(process.argv[1])) {
  const content = readFileSync(process.argv[1] + '/' + name, 'utf8');
  const { ok } = await engine.executeOnContent({ content, filePath: name });
  if (!ok) console.log(name);
}`;
  score('secretlint', () =>
    run(process.execPath, ['--input-type=module', '-e', script, files], cwd).split('\n').map(idOf),
  );
}
rmSync(folder, { recursive: true });
