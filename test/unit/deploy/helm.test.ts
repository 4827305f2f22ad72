/** The chart as Helm renders it: lint, the schemas of Kubernetes, what each part is for, refusals. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseNodeConfig } from '../../../shared/policy/node-config.ts';
import {
  at,
  CHART,
  find,
  hasHelm,
  hasSchemas,
  helm,
  isTree,
  nameOf,
  readValues,
  render,
  schemaOf,
  type Tree,
  template,
} from '../../support/helm.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const least = readValues('least');
const sealed = readValues('sealed');
const NAME = 'trial-nmp-enclave';

const podOf = (documents: readonly Tree[]) =>
  at(find(documents, `StatefulSet/${NAME}`), 'spec', 'template', 'spec');
const parentOf = (documents: readonly Tree[]) => at(podOf(documents), 'containers', 0);

/** With one place of the values changed; `undefined` leaves it out. */
function withValue(values: Tree, path: readonly string[], value: unknown): Tree {
  const [key = '', ...rest] = path;
  const inner = values[key];
  const changed = rest.length === 0 ? value : withValue(isTree(inner) ? inner : {}, rest, value);
  return { ...values, [key]: changed };
}

it('the chart’s schema holds the published schema of nmp.node.json', () => {
  const values: unknown = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));
  const published: unknown = JSON.parse(
    readFileSync(join(ROOT, 'docs/schemas/nmp.node.schema.json'), 'utf8'),
  );
  // On a difference: node scripts/data/node-schema.ts
  expect(at(values, '$defs', 'node')).toEqual({
    $id: 'nmp.node.schema.json',
    ...(isTree(published) ? published : {}),
  });
});

describe.skipIf(!hasHelm)('Helm (make helm brings it)', () => {
  it.each([
    ['least', least],
    ['sealed', sealed],
  ])('lints without a warning: %s values', (_, values) => {
    const { status, stdout } = helm(['lint', '--strict', CHART], values);
    expect(stdout).toContain('0 chart(s) failed');
    expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/);
    expect(status).toBe(0);
  });

  it('renders what these values ask for, and nothing else', () => {
    expect(render(least).map(nameOf).sort()).toEqual([
      `ConfigMap/${NAME}`,
      `NetworkPolicy/${NAME}`,
      `PodDisruptionBudget/${NAME}`,
      `Service/${NAME}`,
      `Service/${NAME}-nodes`,
      `ServiceAccount/${NAME}`,
      `StatefulSet/${NAME}`,
    ]);
    const more = render(sealed).map(nameOf);
    expect(more).toContain(`ConfigMap/${NAME}-key-policy`);
    expect(more).toContain(`PodMonitor/${NAME}`);
  });

  describe.skipIf(!hasSchemas)('against the strict schemas of Kubernetes', () => {
    it.each(['1.30', '1.34', '1.37'])('%s: every document fits', (release) => {
      for (const document of [...render(least), ...render(sealed)]) {
        const validate = schemaOf(release, document);
        // The Prometheus operator's own kind is in no schema of Kubernetes.
        if (validate === undefined) expect(document.kind).toBe('PodMonitor');
        else
          expect([nameOf(document), validate(document), validate.errors]).toEqual([
            nameOf(document),
            true,
            null,
          ]);
      }
    });

    it('a misspelt field would not', () => {
      const set = find(render(least), `StatefulSet/${NAME}`);
      const validate = schemaOf('1.34', set);
      expect(validate?.({ ...set, spec: { ...Object(set.spec), replica: 2 } })).toBe(false);
    });
  });

  describe('what the parent is given', () => {
    it('reads the measured configuration, with the addresses of a pod', () => {
      const text = String(at(find(render(sealed), `ConfigMap/${NAME}`), 'data', 'nmp.node.json'));
      const config = parseNodeConfig(text, 'nmp.node.json');
      expect(config.listen).toEqual({ host: '0.0.0.0', port: 4720 });
      expect(config.metrics).toEqual({ host: '0.0.0.0', port: 9464 });
      expect(config.webSocket).toEqual({
        host: '0.0.0.0',
        port: 4721,
        origins: ['https://app.example'],
      });
      // A number that Go would write as 1e+12 if it were not told otherwise.
      expect(config.capabilities[0]?.limits.fuel).toBe(1_000_000_000_000);
      expect(config.datasets).toEqual(
        parseNodeConfig(JSON.stringify(sealed.node), 'values').datasets,
      );
    });

    it('starts the image of these measurements, and no other', () => {
      const documents = render(sealed);
      const pcrs: unknown = JSON.parse(
        String(at(find(documents, `ConfigMap/${NAME}`), 'data', 'pcrs.json')),
      );
      expect(pcrs).toEqual({ pcrs: sealed.pcrs });
      const args = at(parentOf(documents), 'args');
      expect(args).toEqual([
        ...[
          'start',
          '--config',
          '/etc/nmp/nmp.node.json',
          '--image',
          '/opt/nmp-enclave/enclave.eif',
        ],
        ...['--pcrs', '/etc/nmp/pcrs.json', '--memory', '4096', '--cpus', '4', '--drain', '30'],
        ...['--log', 'info', '--announce', '/ip4/$(POD_IP)/tcp/4720'],
        ...['--announce', '/ip4/$(POD_IP)/udp/4720/quic-v1'],
      ]);
    });

    it('has only options that nmp start knows', () => {
      const node = join(ROOT, 'node_modules/.bin/node');
      const { stdout } = spawnSync(node, ['client/cli/main.ts', 'start', '--help'], {
        cwd: ROOT,
        encoding: 'utf8',
      });
      const args = at(parentOf(render(sealed)), 'args');
      const options = Array.isArray(args) ? args.filter((arg) => String(arg).startsWith('--')) : [];
      expect(options.length).toBeGreaterThan(5);
      for (const option of options) expect(stdout).toContain(`${option} <`);
    });

    it('leaves the addresses of the configuration alone, if it has some', () => {
      const announced = withValue(least, ['node', 'announce'], ['/dns4/nmp.example/tcp/4720']);
      expect(at(parentOf(render(announced)), 'args')).not.toContain('--announce');
    });

    it('takes the image by digest', () => {
      expect(at(parentOf(render(least)), 'image')).toBe(
        `registry.example/nmp-parent@${at(least, 'image', 'digest')}`,
      );
    });

    it('asks for device, huge pages and CPUs of the enclave', () => {
      expect(at(parentOf(render(least)), 'resources')).toEqual({
        limits: {
          cpu: '250m',
          memory: '512Mi',
          'hugepages-2Mi': '2048Mi',
          'aws.ec2.nitro/nitro_enclaves': '1',
        },
      });
      expect(at(parentOf(render(sealed)), 'resources')).toEqual({
        limits: {
          ...{ cpu: '250m', memory: '512Mi', 'hugepages-1Gi': '4096Mi' },
          'aws.ec2.nitro/nitro_enclaves': '1',
          'aws.ec2.nitro/nitro_enclaves_cpus': '4',
        },
      });
      expect(at(podOf(render(sealed)), 'volumes', 1)).toEqual({
        name: 'huge-pages',
        emptyDir: { medium: 'HugePages-1Gi' },
      });
    });
  });

  it('runs without root, capabilities and a writable root, in the group of the device', () => {
    const documents = render(least);
    expect(at(podOf(documents), 'securityContext')).toEqual({
      ...{ runAsNonRoot: true, runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001 },
      supplementalGroups: [992],
      seccompProfile: { type: 'Unconfined' },
    });
    expect(at(parentOf(documents), 'securityContext')).toEqual({
      ...{ allowPrivilegeEscalation: false, privileged: false, readOnlyRootFilesystem: true },
      capabilities: { drop: ['ALL'] },
    });
    expect(at(podOf(documents), 'automountServiceAccountToken')).toBe(false);
    for (const network of ['hostNetwork', 'hostPID', 'hostIPC'])
      expect(at(podOf(documents), network)).toBeUndefined();
    const volumes = at(podOf(documents), 'volumes');
    expect(
      Array.isArray(volumes) && volumes.some((volume) => isTree(volume) && 'hostPath' in volume),
    ).toBe(false);
  });

  it('puts no two parents on one machine, whose ports of vsock they would share', () => {
    const [rule] = [
      at(
        podOf(render(least)),
        'affinity',
        'podAntiAffinity',
        'requiredDuringSchedulingIgnoredDuringExecution',
        0,
      ),
    ];
    expect(rule).toEqual({
      topologyKey: 'kubernetes.io/hostname',
      namespaceSelector: {},
      labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'nmp-enclave' } },
    });
  });

  it('is scheduled where the image can run, whatever pool is named', () => {
    expect(at(podOf(render(sealed)), 'nodeSelector')).toEqual({
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'aws-nitro-enclaves-k8s-dp': 'enabled',
      'example/pool': 'enclaves',
    });
  });

  describe('an end', () => {
    it('waits until it is forgotten, drains, and has time to spare', () => {
      const slow = withValue(least, ['drain'], { forgetSeconds: 7, connectionsSeconds: 100 });
      const documents = render(slow);
      expect(at(parentOf(documents), 'lifecycle', 'preStop')).toEqual({ sleep: { seconds: 7 } });
      const args = at(parentOf(documents), 'args');
      expect(Array.isArray(args) && args[args.indexOf('--drain') + 1]).toBe('100');
      expect(at(podOf(documents), 'terminationGracePeriodSeconds')).toBe(137);
    });

    it('is of one node at a time', () => {
      const documents = render(least);
      const budget = find(documents, `PodDisruptionBudget/${NAME}`);
      expect(at(budget, 'spec', 'maxUnavailable')).toBe(1);
      const labels = at(
        find(documents, `StatefulSet/${NAME}`),
        'spec',
        'template',
        'metadata',
        'labels',
      );
      expect(labels).toMatchObject(Object(at(budget, 'spec', 'selector', 'matchLabels')));
    });
  });

  it('asks whether the enclave is ready for readiness, and only the parent for liveness', () => {
    const parent = parentOf(render(least));
    expect(at(parent, 'readinessProbe', 'httpGet')).toEqual({ path: '/health', port: 'metrics' });
    expect(at(parent, 'livenessProbe', 'httpGet')).toEqual({ path: '/metrics', port: 'metrics' });
    const starts = at(parent, 'startupProbe');
    // The parent itself gives a first boot 180 s.
    expect(Number(at(starts, 'periodSeconds')) * Number(at(starts, 'failureThreshold'))).toBe(240);
  });

  it('is started anew when configuration or measurements change', () => {
    const sum = (values: Tree) =>
      at(
        find(render(values), `StatefulSet/${NAME}`),
        'spec',
        'template',
        'metadata',
        'annotations',
        'checksum/config',
      );
    const other = withValue(least, ['pcrs', 'PCR0'], '77'.repeat(48));
    expect(sum(least)).toMatch(/^[0-9a-f]{64}$/);
    expect(sum(other)).not.toBe(sum(least));
    expect(sum(withValue(least, ['service', 'port'], 4800))).not.toBe(sum(least));
    expect(sum(withValue(least, ['replicas'], 5))).toBe(sum(least));
  });

  describe('addresses', () => {
    it('clients reach nodes that are ready, browsers and QUIC where the configuration has them', () => {
      const [small, large] = [render(least), render(sealed)].map((documents) =>
        at(find(documents, `Service/${NAME}`), 'spec'),
      );
      expect(at(small, 'ports')).toEqual([{ name: 'nmp', port: 4720, targetPort: 'nmp' }]);
      expect(at(large, 'ports')).toEqual([
        { name: 'nmp', port: 4720, targetPort: 'nmp' },
        { name: 'nmp-quic', port: 4720, targetPort: 'nmp-quic', protocol: 'UDP' },
        { name: 'nmp-ws', port: 4721, targetPort: 'nmp-ws' },
      ]);
      expect(at(large, 'loadBalancerSourceRanges')).toEqual(['10.0.0.0/8']);
      expect(at(small, 'publishNotReadyAddresses')).toBeUndefined();
    });

    it('no service shows the metrics', () => {
      for (const document of render(sealed).filter(({ kind }) => kind === 'Service')) {
        expect(JSON.stringify(document)).not.toMatch(/metrics|9464/);
      }
    });
  });

  describe('the network policy', () => {
    const policyOf = (values: Tree) => at(find(render(values), `NetworkPolicy/${NAME}`), 'spec');

    it('of a node that dials nobody lets nothing out, and metrics to nobody', () => {
      const policy = policyOf(least);
      expect(at(policy, 'policyTypes')).toEqual(['Ingress', 'Egress']);
      expect(at(policy, 'egress')).toEqual([]);
      expect(at(policy, 'ingress')).toEqual([{ ports: [{ port: 'nmp' }] }]);
    });

    it('lets out what the configuration dials, the key service and the role’s credentials', () => {
      const policy = policyOf(sealed);
      expect(at(policy, 'egress')).toEqual([
        { to: [{ ipBlock: { cidr: '10.1.0.0/16' } }, { ipBlock: { cidr: 'fd00::/8' } }] },
        {
          ports: [
            { port: 53, protocol: 'UDP' },
            { port: 53, protocol: 'TCP' },
          ],
        },
        { ports: [{ port: 443 }], to: [{ ipBlock: { cidr: '10.8.0.0/16' } }] },
        {
          ports: [{ port: 80 }],
          to: [
            { ipBlock: { cidr: '169.254.169.254/32' } },
            { ipBlock: { cidr: '169.254.170.23/32' } },
          ],
        },
      ]);
      expect(at(policy, 'ingress', 1)).toEqual({
        ports: [{ port: 'metrics' }],
        from: at(sealed, 'networkPolicy', 'monitoring'),
      });
      expect(at(policy, 'ingress', 0, 'from')).toEqual(at(sealed, 'networkPolicy', 'clients'));
    });
  });

  it('writes the statement of the key policy as nmp pcrs kms prints it, to the byte', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nmp-chart-'));
    try {
      for (const values of [sealed, withValue(sealed, ['pcrs', 'PCR8'], undefined)]) {
        const part = { bytes: 1, sha256: '00'.repeat(32) };
        const manifest = {
          arch: 'x86_64',
          pcrs: values.pcrs,
          kernel: part,
          cmdline: '',
          ramdisks: [part, part],
        };
        writeFileSync(join(folder, 'pcrs.json'), JSON.stringify(manifest));
        const role = String(at(values, 'kms', 'roleArn'));
        const { stdout } = spawnSync(
          join(ROOT, 'node_modules/.bin/node'),
          ['client/cli/main.ts', 'pcrs', 'kms', join(folder, 'pcrs.json'), '--role', role],
          { cwd: ROOT, encoding: 'utf8' },
        );
        expect(stdout).toContain('kms:RecipientAttestation:ImageSha384');
        expect(
          at(find(render(values), `ConfigMap/${NAME}-key-policy`), 'data', 'statement.json'),
        ).toBe(stdout);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says in its notes what a client is to be told', () => {
    // Helm shows notes only when it installs: here they are rendered as a document of a copy.
    const copy = mkdtempSync(join(tmpdir(), 'nmp-chart-'));
    try {
      cpSync(CHART, copy, { recursive: true });
      copyFileSync(join(CHART, 'templates/NOTES.txt'), join(copy, 'notes.txt'));
      const shown =
        '{ apiVersion: v1, kind: Notes, text: {{ tpl (.Files.Get "notes.txt") . | toJson }} }';
      writeFileSync(join(copy, 'templates/notes.yaml'), shown);
      const notes = String(find(render(sealed, copy), 'Notes/undefined').text);
      for (const name of ['PCR0', 'PCR1', 'PCR2']) {
        expect(notes).toContain(`${name}  ${at(sealed, 'pcrs', name)}`);
      }
      expect(notes).toContain('/dns4/trial-nmp-enclave.nodes.svc/tcp/4720');
      const statement = at(
        find(render(sealed), `ConfigMap/${NAME}-key-policy`),
        'data',
        'statement.json',
      );
      expect(notes).toContain(statement);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });

  describe('refuses', () => {
    const zeros = '0'.repeat(96);
    it.each<[string, readonly string[], unknown, string]>([
      ['a tag in the place of a digest', ['image', 'digest'], 'latest', '/image/digest'],
      ['no digest at all', ['image', 'digest'], undefined, '/image'],
      [
        'a tag in the repository’s name',
        ['image', 'repository'],
        'Nmp:Latest',
        '/image/repository',
      ],
      ['measurements of zero, which debug mode has', ['pcrs', 'PCR0'], zeros, '/pcrs/PCR0'],
      ['a measurement that is cut', ['pcrs', 'PCR1'], 'ab'.repeat(47), '/pcrs/PCR1'],
      ['only two measurements', ['pcrs', 'PCR2'], undefined, '/pcrs'],
      ['a register that is none', ['pcrs', 'PCR9'], 'ab'.repeat(48), '/pcrs'],
      ['no group for the device', ['enclave', 'deviceGroup'], null, '/enclave/deviceGroup'],
      ['the group of root', ['enclave', 'deviceGroup'], 0, '/enclave/deviceGroup'],
      [
        'the profile that refuses vsock',
        ['seccompProfile'],
        { type: 'RuntimeDefault' },
        '/seccompProfile',
      ],
      ['no profile of a name', ['seccompProfile'], { type: 'Localhost' }, '/seccompProfile'],
      ['a port that only root may take', ['service', 'port'], 443, '/service/port'],
      ['no nodes', ['replicas'], 0, '/replicas'],
      ['half a huge page', ['enclave', 'memoryMiB'], 2049, 'a multiple of 2'],
      ['a role of another form', ['kms', 'roleArn'], 'role/nmp', '/kms/roleArn'],
      ['a key that is not of this chart', ['debug'], true, "'debug' not allowed"],
      ['an unknown key of the node', ['node', 'colour'], 'red', '/node'],
      ['a node of another version', ['node', 'version'], 2, '/node/version'],
      ['a node without capabilities', ['node', 'capabilities'], undefined, '/node'],
    ])('%s', (_, path, value, where) => {
      const { status, stderr } = template(withValue(least, path, value));
      expect(status).toBe(1);
      expect(stderr).toContain(where);
    });

    it('pages of 1 GiB that the memory does not fill', () => {
      const odd = withValue(sealed, ['enclave', 'memoryMiB'], 2_560);
      expect(template(odd).stderr).toContain('a multiple of 1024');
    });

    it('the empty values', () => {
      const { status, stderr } = template({});
      expect(status).toBe(1);
      for (const place of ['/image', '/pcrs', '/node', '/enclave']) expect(stderr).toContain(place);
    });
  });
});
