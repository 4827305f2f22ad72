import type { McpServer } from '@modelcontextprotocol/server';
import type { Approvals } from '../approvals.ts';
import type { Gateway } from '../gateway.ts';

/** What a tool is registered with. */
export interface ToolContext {
  readonly server: McpServer;
  readonly gateway: Gateway;
  readonly approvals: Approvals;
}

export type RegisterTool = (context: ToolContext) => void;
