import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { NmpMcpBridge } from '../../../../client/mcp/bridge.ts';
import { Projection } from '../../../../client/mcp/project.ts';
import {
  capability,
  type FakeInit,
  fakeGateway,
  INSTALLED,
  PCR,
  PEER,
} from '../../../support/fake-mesh.ts';
import { connectInMemory } from '../../../support/mcp-host.ts';

const signal = new AbortController().signal;
const LEFT = 'peer-one__installed';

async function setUp(init: FakeInit, wanted: readonly string[]) {
  const { gateway } = fakeGateway(init);
  const server = new McpServer({ name: 'test', version: '1.0.0' });
  new NmpMcpBridge(server, { gateway });
  const projection = new Projection(gateway, wanted);
  projection.attach(server);
  const host = await connectInMemory(server);
  const names = async () =>
    (await host.client.listTools()).tools
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('nmp_'));
  return { gateway, projection, host, names };
}

describe('projected capabilities', () => {
  it('are those that a person named and that can be called, once they are known', async () => {
    const { projection, host, names } = await setUp({}, ['installed', 'count', 'absent']);
    expect(await names()).toEqual([]);
    await projection.refresh(signal);
    expect(await names()).toEqual([LEFT]);
    const { structuredContent } = await host.call(LEFT, {});
    expect(structuredContent).toMatchObject({ verdict: 'released', result: { n: 1 } });
  });

  it('take arguments by the schema that the node declares', async () => {
    const year = { type: 'integer', minimum: 2000, maximum: 2100 } as const;
    const note = { type: 'string', maxLength: 9, 'x-nmp-free-text': true } as const;
    const described = capability({
      ...INSTALLED,
      input: {
        type: 'object',
        properties: { year, note },
        required: ['year'],
        additionalProperties: false,
      },
    });
    const { projection, host } = await setUp({ capabilities: () => [described] }, [
      'installed@1.0.0',
    ]);
    await projection.refresh(signal);
    expect((await host.call(LEFT, { year: 2026 })).structuredContent.verdict).toBe('released');
    const wrong = await host.client.callTool({ name: LEFT, arguments: { year: 1 } });
    expect(wrong.isError).toBe(true);
  });

  it('are none of a node that does not prove itself', async () => {
    const { projection, names } = await setUp({ pcr0: PCR('9') }, ['installed']);
    await projection.refresh(signal);
    expect(await names()).toEqual([]);
  });

  it('vanish when their description changes, until that is approved', async () => {
    let described = INSTALLED;
    const { gateway, projection, host, names } = await setUp({ capabilities: () => [described] }, [
      'installed',
    ]);
    await projection.refresh(signal);
    described = capability({ ...INSTALLED, description: 'Now with other words.' });
    expect((await host.call(LEFT, {})).structuredContent.code).toBe('CAPABILITY_CHANGED');
    expect(await names()).toEqual([]);
    await projection.refresh(signal);
    expect(await names()).toEqual([]);
    await gateway.components.trust.approveCapability(PEER, 'installed@1.0.0');
    await projection.refresh(signal);
    expect(await names()).toEqual([LEFT]);
  });

  it('are so many at most, named in characters that every host takes', async () => {
    const many = Array.from({ length: 60 }, (_, i) =>
      capability({ ...INSTALLED, name: `c.${i} ü` }),
    );
    const { projection, names } = await setUp(
      { capabilities: () => many },
      many.map(({ name }) => name),
    );
    await projection.refresh(signal);
    expect(await names()).toHaveLength(40);
    for (const name of await names()) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });
});
