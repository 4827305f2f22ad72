/**
 * Writes native/scan/rules/phone-plans.in: how numbers go on after each country calling code, by
 * libphonenumber's metadata. Usage: node scripts/data/phone-plans.ts
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { phonePlans } from '../../test/egress-corpus/phones.ts';

const file = join(import.meta.dirname, '..', '..', 'native', 'scan', 'rules', 'phone-plans.in');
writeFileSync(file, phonePlans());
