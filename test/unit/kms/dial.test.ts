import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createKmsDial } from '../../../enclave/kms/dial.ts';
import { createDialProxy } from '../../../parent/dial-proxy/dial-proxy.ts';
import { kmsEndpoint, kmsHosts } from '../../../shared/policy/kms-endpoint.ts';
import { parseNodeConfig } from '../../../shared/policy/node-config.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function service(): Promise<number> {
  const server = createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function proxyFor(names: readonly { name: string; port: number }[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-kms-dial-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'dial.sock');
  const proxy = createDialProxy({ names });
  await proxy.start(path);
  closing.push(() => proxy.stop());
  return path;
}

describe('the way to the key service', () => {
  it.each(['localhost', '127.0.0.1'])(
    'leads through the proxy of the parent to %s',
    async (name) => {
      const hosts = [{ name, port: await service() }];
      const path = await proxyFor(hosts);
      const stream = await createKmsDial(path, hosts)(name, hosts[0]?.port ?? 0);
      stream.write('both ways');
      const [echo] = await once(stream, 'data');
      expect(String(echo)).toBe('both ways');
      stream.destroy();
    },
  );

  it('leads to no host or port that the configuration does not name, whatever the parent lets through', async () => {
    const port = await service();
    const path = await proxyFor([{ name: 'localhost', port }]);
    const dial = createKmsDial(path, [{ name: 'kms.test', port }]);
    expect(await codeOfAsync(dial('localhost', port))).toBe('KMS_UNREACHABLE');
    expect(await codeOfAsync(dial('kms.test', port + 1))).toBe('KMS_UNREACHABLE');
  });

  it('says so when the parent refuses, or is not there', async () => {
    const hosts = [{ name: 'kms.test', port: 443 }];
    const dial = createKmsDial(await proxyFor([]), hosts);
    expect(await codeOfAsync(dial('kms.test', 443))).toBe('KMS_UNREACHABLE');
    const gone = createKmsDial('/nowhere/dial.sock', hosts);
    expect(await codeOfAsync(gone('kms.test', 443))).toBe('KMS_UNREACHABLE');
  });
});

describe('the endpoint of the key service', () => {
  const arn = (partition: string, region: string) =>
    `arn:${partition}:kms:${region}:111122223333:key/1234`;

  it.each([
    ['aws', 'eu-central-1', 'https://kms.eu-central-1.amazonaws.com/'],
    ['aws-us-gov', 'us-gov-west-1', 'https://kms.us-gov-west-1.amazonaws.com/'],
    ['aws-cn', 'cn-north-1', 'https://kms.cn-north-1.amazonaws.com.cn/'],
    ['aws-eusc', 'eusc-de-east-1', 'https://kms.eusc-de-east-1.amazonaws.eu/'],
  ])('of %s in %s is %s', (partition, region, href) => {
    expect(kmsEndpoint({ keyId: arn(partition, region) }).href).toBe(href);
  });

  it('must be named for a partition that is not known here', () => {
    for (const partition of ['aws-other', 'constructor']) {
      expect(codeOf(() => kmsEndpoint({ keyId: arn(partition, 'x') }))).toBe('CONFIG_INVALID');
    }
    const endpoint = 'https://kms.test:8443';
    expect(kmsEndpoint({ keyId: arn('aws-other', 'x'), endpoint }).host).toBe('kms.test:8443');
  });

  it('is let through once, however many datasets need it', () => {
    const sealed = (id: string, kms: object) => ({
      ...{ id, path: id, format: 'csv', classification: 'restricted' },
      columns: [{ name: 'a', type: 'utf8' }],
      sealed: { kms },
    });
    const keyId = arn('aws', 'eu-central-1');
    const datasets = [
      sealed('a', { keyId }),
      sealed('b', { keyId }),
      sealed('c', { keyId, endpoint: 'https://kms.test:8443' }),
      { ...sealed('d', {}), sealed: { keyFile: 'key' } },
    ];
    const config = parseNodeConfig(
      JSON.stringify({ version: 1, datasets, capabilities: [] }),
      'nmp.node.json',
    );
    expect(kmsHosts(config)).toEqual([
      { name: 'kms.eu-central-1.amazonaws.com', port: 443 },
      { name: 'kms.test', port: 8443 },
    ]);
  });
});
