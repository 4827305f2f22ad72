/** The files of an image as the table in docs/image.md. */
import { byPath } from './cpio.ts';
import type { ImageEntry } from './origin.ts';

const CONFIG = 'app/config/';

/** What the configuration names differs from image to image: one row stands for it. */
const NAMED =
  '| 2 | `app/config/…` | configuration | of this image | datasets and modules that `nmp.node.json` names |';

interface Parts {
  readonly boot: readonly ImageEntry[];
  readonly application: readonly ImageEntry[];
}

function rowsOf(parts: Parts): readonly string[] {
  return [parts.boot, parts.application].flatMap((entries, index) =>
    entries
      .toSorted(byPath)
      .filter(({ path }) => !path.startsWith(CONFIG) || path === `${CONFIG}nmp.node.json`)
      .map(({ path, origin }) => {
        const { package: name, version, reason } = origin;
        return `| ${index + 1} | \`${path}\` | ${name} | ${version} | ${reason} |`;
      }),
  );
}

function table(rows: readonly string[]): string {
  return ['| ramdisk | file | package | version | why |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

export function fileTable(parts: Parts): string {
  const rows = rowsOf(parts);
  const at = rows.findIndex((row) => row.includes(`${CONFIG}nmp.node.json`));
  return table(rows.toSpliced(at + 1, 0, NAMED));
}

/** What images of other configurations have beside the files of `parts`. */
export function addedTable(parts: Parts, others: readonly Parts[]): string {
  const known = rowsOf(parts);
  return table(others.flatMap(rowsOf).filter((row) => !known.includes(row)));
}
