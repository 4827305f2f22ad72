import { loadAuthority } from '../../../enclave/guardian/authority.ts';
import type { ValidityAuthority } from '../../../enclave/guardian/authority-types.ts';

/** The native authority; a missing addon fails the tests that import this. */
export const authority: ValidityAuthority = loadAuthority();
