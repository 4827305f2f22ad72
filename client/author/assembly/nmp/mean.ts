/** A running mean that is null when it has seen nothing. */
import { round } from './json-write';

export class Mean {
  count: i32 = 0;
  private sum: f64 = 0;

  /** @param digits decimal places of the answer */
  constructor(private digits: i32) {}

  add(value: f64): void {
    this.count++;
    this.sum += value;
  }

  get isEmpty(): bool {
    return this.count == 0;
  }

  get value(): f64 {
    return round(this.sum / this.count, this.digits);
  }
}
