/** Evidence as resources: the reports and certificates behind what was released, and the policy. */
import {
  type McpServer,
  ResourceNotFoundError,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import type { Gateway } from './gateway.ts';

/** Reports never change under their id. */
const FOREVER = { ttlMs: 86_400_000, cacheScope: 'private' } as const;

const one = (value: string | string[] | undefined) => (typeof value === 'string' ? value : '');

export function registerResources(server: McpServer, gateway: Gateway): void {
  const { evidence } = gateway;
  server.registerResource(
    'report',
    new ResourceTemplate('nmp://report/{id}', {
      list: () => ({
        resources: evidence.ids.reports.map((id) => ({
          uri: `nmp://report/${id}`,
          name: `Attestation report ${id.slice(0, 12)}`,
          mimeType: 'application/json',
        })),
      }),
    }),
    {
      title: 'Attestation reports',
      description: 'Each check of an attestation document, with what was expected and found.',
      mimeType: 'application/json',
      cacheHint: FOREVER,
    },
    async (uri, variables) => {
      const report = evidence.report(one(variables.id));
      if (report === undefined) throw new ResourceNotFoundError(uri.href);
      return {
        contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify(report) }],
      };
    },
  );
  server.registerResource(
    'receipt',
    new ResourceTemplate('nmp://receipt/{id}', {
      list: () => ({
        resources: evidence.ids.receipts.map((id) => ({
          uri: `nmp://receipt/${id}`,
          name: `Execution certificate ${id.slice(0, 12)}`,
          mimeType: 'application/cose',
        })),
      }),
    }),
    {
      title: 'Execution certificates',
      description: 'COSE_Sign1 by the enclave: this logic gave this answer on these data.',
      mimeType: 'application/cose',
      cacheHint: FOREVER,
    },
    async (uri, variables) => {
      const receipt = evidence.receipt(one(variables.id));
      if (receipt === undefined) throw new ResourceNotFoundError(uri.href);
      const blob = Buffer.from(receipt).toString('base64');
      return { contents: [{ uri: uri.href, mimeType: 'application/cose', blob }] };
    },
  );
  server.registerResource(
    'policy',
    'nmp://policy',
    {
      title: 'What is trusted',
      description: 'The policy in force, with the measurements that a person approved.',
      mimeType: 'application/json',
    },
    async (uri) => {
      await gateway.refreshTrust();
      return {
        contents: [
          {
            uri: uri.href,
            mimeType: 'application/json',
            text: JSON.stringify(gateway.hasPolicy ? gateway.policy() : null),
          },
        ],
      };
    },
  );
}
