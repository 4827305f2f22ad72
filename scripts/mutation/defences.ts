/**
 * The defences of SECURITY.md, each as the smallest change that takes it away. `threat` is the start
 * of the first cell of its row; `from` stands exactly once in `file`.
 */

import { BETWEEN_ENCLAVES } from './defences/between-enclaves.ts';
import { CLIENT } from './defences/client.ts';
import { GUEST } from './defences/guest.ts';
import { LANGUAGE_MODEL } from './defences/language-model.ts';
import { MESH_AND_SUPPLY } from './defences/mesh-and-supply.ts';
import { NODE } from './defences/node.ts';
import { PARENT } from './defences/parent.ts';

export type { Defence } from './defences/defence.ts';

export const DEFENCES = [
  ...PARENT,
  ...GUEST,
  ...CLIENT,
  ...LANGUAGE_MODEL,
  ...NODE,
  ...BETWEEN_ENCLAVES,
  ...MESH_AND_SUPPLY,
];
