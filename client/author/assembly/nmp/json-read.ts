/** Reads the arguments: JSON as RFC 8259 says, nothing looser; anything else is a trap. */
import { decimal } from './decimal';
import { check } from './span';

const DEPTH_MAX: i32 = 64;

const enum Kind {
  Null,
  Boolean,
  Number,
  Text,
  Array,
  Object,
}

/** A JSON value; asking for another kind than it is ends the run. */
export class Value {
  constructor(
    private kind: Kind,
    private scalar: f64,
    private string: string,
    private keys: string[],
    private items: Value[],
  ) {}

  get isNull(): bool {
    return this.kind == Kind.Null;
  }

  get isFlag(): bool {
    return this.kind == Kind.Boolean;
  }

  get isNumber(): bool {
    return this.kind == Kind.Number;
  }

  get isText(): bool {
    return this.kind == Kind.Text;
  }

  get isArray(): bool {
    return this.kind == Kind.Array;
  }

  get flag(): bool {
    check(this.kind == Kind.Boolean);
    return this.scalar != 0;
  }

  get number(): f64 {
    check(this.kind == Kind.Number);
    return this.scalar;
  }

  get integer(): i32 {
    check(this.kind == Kind.Number && <f64>(<i32>this.scalar) == this.scalar);
    return <i32>this.scalar;
  }

  get text(): string {
    check(this.kind == Kind.Text);
    return this.string;
  }

  /** Number of items of an array. */
  get length(): i32 {
    check(this.kind == Kind.Array);
    return this.items.length;
  }

  at(index: i32): Value {
    check(this.kind == Kind.Array && <u32>index < <u32>this.items.length);
    return this.items[index];
  }

  /** Names of the members of an object, in the order of the text. */
  get names(): string[] {
    check(this.kind == Kind.Object);
    return this.keys;
  }

  has(key: string): bool {
    check(this.kind == Kind.Object);
    return this.keys.includes(key);
  }

  @operator('[]')
  get(key: string): Value {
    check(this.kind == Kind.Object);
    const index = this.keys.indexOf(key);
    check(index >= 0);
    return this.items[index];
  }
}

function scalar(kind: Kind, value: f64, text: string): Value {
  return new Value(kind, value, text, [], []);
}

export class JsonReader {
  private at: i32 = 0;
  private depth: i32 = 0;

  constructor(private source: string) {}

  static parse(source: string): Value {
    const reader = new JsonReader(source);
    const value = reader.value();
    reader.space();
    check(reader.at == source.length);
    return value;
  }

  private peek(): i32 {
    return this.at < this.source.length ? this.source.charCodeAt(this.at) : -1;
  }

  private take(code: i32): bool {
    if (this.peek() != code) return false;
    this.at++;
    return true;
  }

  private space(): void {
    for (let c = this.peek(); c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09; c = this.peek()) {
      this.at++;
    }
  }

  private word(word: string): void {
    check(this.source.substr(this.at, word.length) == word);
    this.at += word.length;
  }

  private value(): Value {
    this.space();
    switch (this.peek()) {
      case 0x7b: // {
        return this.object();
      case 0x5b: // [
        return this.array();
      case 0x22: // "
        return scalar(Kind.Text, 0, this.text());
      case 0x74: // t
        this.word('true');
        return scalar(Kind.Boolean, 1, '');
      case 0x66: // f
        this.word('false');
        return scalar(Kind.Boolean, 0, '');
      case 0x6e: // n
        this.word('null');
        return scalar(Kind.Null, 0, '');
      default:
        return scalar(Kind.Number, this.number(), '');
    }
  }

  private number(): f64 {
    const start = this.at;
    for (let c = this.peek(); c == 0x2b || c == 0x2d || c == 0x2e || (c | 0x20) == 0x65 || (c >= 0x30 && c <= 0x39); c = this.peek()) {
      this.at++;
    }
    return decimal(this.source.substring(start, this.at));
  }

  private hex(): i32 {
    let code = 0;
    for (let i = 0; i < 4; i++) {
      const c = this.peek();
      const lower = c | 0x20;
      check((c >= 0x30 && c <= 0x39) || (lower >= 0x61 && lower <= 0x66));
      code = (code << 4) | (c <= 0x39 ? c - 0x30 : lower - 0x57);
      this.at++;
    }
    return code;
  }

  private text(): string {
    check(this.take(0x22));
    let out = '';
    let start = this.at;
    for (;;) {
      const c = this.peek();
      check(c >= 0x20);
      if (c == 0x22) break;
      this.at++;
      if (c != 0x5c) continue;
      out += this.source.substring(start, this.at - 1);
      const escape = this.peek();
      this.at++;
      if (escape == 0x22 || escape == 0x5c || escape == 0x2f) out += String.fromCharCode(escape);
      else if (escape == 0x62) out += '\b';
      else if (escape == 0x66) out += '\f';
      else if (escape == 0x6e) out += '\n';
      else if (escape == 0x72) out += '\r';
      else if (escape == 0x74) out += '\t';
      else {
        check(escape == 0x75);
        out += String.fromCharCode(this.hex());
      }
      start = this.at;
    }
    out += this.source.substring(start, this.at);
    this.at++;
    return out;
  }

  private array(): Value {
    check(++this.depth <= DEPTH_MAX && this.take(0x5b));
    const items: Value[] = [];
    this.space();
    if (!this.take(0x5d)) {
      do {
        items.push(this.value());
        this.space();
      } while (this.take(0x2c));
      check(this.take(0x5d));
    }
    this.depth--;
    return new Value(Kind.Array, 0, '', [], items);
  }

  private object(): Value {
    check(++this.depth <= DEPTH_MAX && this.take(0x7b));
    const keys: string[] = [];
    const items: Value[] = [];
    this.space();
    if (!this.take(0x7d)) {
      do {
        this.space();
        keys.push(this.text());
        this.space();
        check(this.take(0x3a));
        items.push(this.value());
        this.space();
      } while (this.take(0x2c));
      check(this.take(0x7d));
    }
    this.depth--;
    return new Value(Kind.Object, 0, '', keys, items);
  }
}
