import { describe, expect, it } from 'vitest';
import { kmsEndpoint, kmsHosts, regionOf } from '../../../shared/policy/kms-endpoint.ts';
import type { NodeConfig } from '../../../shared/policy/node-config.ts';
import { codeOf } from '../../support/code-of.ts';

const keyId = 'arn:aws:kms:eu-west-1:123456789012:key/1';
const kms = (over: object = {}) => ({ kms: { keyId, ...over } });
const hosts = (...sealed: readonly unknown[]) =>
  kmsHosts({ datasets: sealed.map((one) => ({ sealed: one })) } as unknown as NodeConfig);

describe('the endpoint of a key service', () => {
  it('is that of the region and partition in the ARN, or the one that is named', () => {
    expect(kmsEndpoint(kms().kms).href).toBe('https://kms.eu-west-1.amazonaws.com/');
    const china = { keyId: keyId.replace('aws', 'aws-cn') };
    expect(kmsEndpoint(china).host).toBe('kms.eu-west-1.amazonaws.com.cn');
    expect(kmsEndpoint({ keyId, endpoint: 'https://kms.test:8443' }).host).toBe('kms.test:8443');
  });

  it('is not guessed for a partition, or what is no ARN', () => {
    for (const id of [
      'arn:aws-other:kms:x:1:key/1',
      'arn:toString:kms:x:1:key/1',
      'alias/own',
      '',
    ]) {
      expect(codeOf(() => kmsEndpoint({ keyId: id }))).toBe('CONFIG_INVALID');
    }
    expect(regionOf('alias/own')).toBe('');
  });

  it('gives each host once, with its port, and none for what needs none', () => {
    const named = kms({ endpoint: 'https://kms.test:8443' });
    expect(hosts(undefined, { keyFile: 'k' })).toEqual([]);
    expect(hosts(kms(), kms(), named, undefined)).toEqual([
      { name: 'kms.eu-west-1.amazonaws.com', port: 443 },
      { name: 'kms.test', port: 8443 },
    ]);
  });
});
