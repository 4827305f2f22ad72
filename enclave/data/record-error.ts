/** Names the place of a bad record and never its content: records are what the node protects. */
import { NmpError } from '../../shared/errors.ts';

/** Where a record stands: file as the configuration names it, line from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** @param what the fault in our own words, with at most the name of a declared column */
export function malformed(place: Place, what: string): NmpError {
  return new NmpError('DATA_MALFORMED', `${place.file}:${place.line}: ${what}`);
}

export function overLimit(place: Place, what: string): NmpError {
  return new NmpError('DATA_LIMIT', `${place.file}:${place.line}: ${what}`);
}
