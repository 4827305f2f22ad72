export interface Defence {
  readonly threat: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** As SECURITY.md names it: below test/, without `.test.ts`, or a crate below native/. */
  readonly test: string;
  /** The file that notices, where `test` is a folder. */
  readonly within?: string;
}
