/** An MCP server as many have one: a tool that hands records of synthetic stays to whoever asks. */
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const WARDS = ['cardiology', 'surgery', 'paediatrics'];
const stays = Array.from({ length: 120 }, (_, i) => ({
  id: `stay-${1000 + i}`,
  patient: { name: `Patient ${i}`, age: (i * 37) % 90 },
  ward: WARDS[i % WARDS.length],
  days: 1 + ((i * 7) % 12),
}));

serveStdio(() => {
  const server = new McpServer({ name: 'ward-records', version: '1.0.0' });
  server.registerTool('list_stays', { description: 'Every stay, with names.' }, () => ({
    content: [],
    structuredContent: { stays },
  }));
  return server;
});
