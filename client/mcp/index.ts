/** `nmp-enclave/mcp`: the mesh for hosts that speak the Model Context Protocol. */

export { type BlockLimits, DEFAULT_BLOCK_LIMITS } from './block-budget.ts';
export { createBridgeFactory, NmpMcpBridge, type NmpMcpBridgeInit } from './bridge.ts';
export { type CreateGatewayInit, createGateway } from './compose.ts';
export {
  type AuditEvent,
  Gateway,
  type GatewayComponents,
  type GatewayInit,
  type MeshClient,
} from './gateway.ts';
export { REFUSAL_CHARS, type Refusal } from './refusal.ts';
export { type WrappedDataset, type WrapSource, wrapTool } from './wrap.ts';
