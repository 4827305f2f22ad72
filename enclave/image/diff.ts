/** Says in what two images differ: PCRs, parts, and the very files. */
import type { FileFacts, ImageFacts } from './describe.ts';
import type { ImagePcrs } from './measure.ts';

/** What both an EIF and a pcrs.json can say. */
export type ComparableImage = Pick<ImageFacts, 'arch' | 'pcrs' | 'kernel' | 'cmdline' | 'ramdisks'>;

export interface ImageDifference {
  /** `PCR0`, `kernel`, `cmdline`, `ramdisk 1`, or `ramdisk 2: app/main.mjs`. */
  readonly where: string;
  readonly what: 'differs' | 'only in the first' | 'only in the second';
  readonly first?: string;
  readonly second?: string;
}

const PCRS = ['PCR0', 'PCR1', 'PCR2', 'PCR8'] as const satisfies readonly (keyof ImagePcrs)[];

function compare(
  where: string,
  first: string | undefined,
  second: string | undefined,
): ImageDifference[] {
  if (first === second) return [];
  if (second === undefined)
    return [{ where, what: 'only in the first', ...(first ? { first } : {}) }];
  if (first === undefined) return [{ where, what: 'only in the second', second }];
  return [{ where, what: 'differs', first, second }];
}

/** Kind, permissions and content in one string. */
function said(file: FileFacts | undefined): string | undefined {
  return file && `${file.kind} ${file.mode} ${file.bytes} bytes ${file.sha256}`;
}

function compareFiles(
  where: string,
  first: readonly FileFacts[],
  second: readonly FileFacts[],
): ImageDifference[] {
  const paths = [...new Set([...first, ...second].map(({ path }) => path))].sort();
  const inFirst = new Map(first.map((file) => [file.path, file]));
  const inSecond = new Map(second.map((file) => [file.path, file]));
  return paths.flatMap((path) =>
    compare(`${where}: ${path}`, said(inFirst.get(path)), said(inSecond.get(path))),
  );
}

/** Empty if the two are measured alike and would boot alike. */
export function diffImages(first: ComparableImage, second: ComparableImage): ImageDifference[] {
  const differences = [
    ...compare('architecture', first.arch, second.arch),
    ...PCRS.flatMap((name) => compare(name, first.pcrs[name], second.pcrs[name])),
    ...compare('kernel', first.kernel.sha256, second.kernel.sha256),
    ...compare('cmdline', first.cmdline, second.cmdline),
  ];
  const count = Math.max(first.ramdisks.length, second.ramdisks.length);
  for (let index = 0; index < count; index++) {
    const where = `ramdisk ${index + 1}`;
    const a = first.ramdisks[index];
    const b = second.ramdisks[index];
    if (a?.sha256 === b?.sha256) continue;
    const files = a?.files && b?.files ? compareFiles(where, a.files, b.files) : [];
    // The same files in other bytes: packed by another packer.
    differences.push(...(files.length > 0 ? files : compare(where, a?.sha256, b?.sha256)));
  }
  return differences;
}
