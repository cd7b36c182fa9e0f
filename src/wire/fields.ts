/**
 * Header and trailer fields (RFC 9110 §5): an ordered list of name and value, looked up without regard to case.
 * Values are Latin-1 text as it stood on the wire, without the surrounding white space.
 */

/** One field line: its name as it was written, and its value. */
export type Field = readonly [name: string, value: string];

export class Fields implements Iterable<Field> {
  static readonly NONE = new Fields([]);

  readonly #lines: readonly Field[];

  constructor(lines: readonly Field[]) {
    this.#lines = lines;
  }

  /** Number of field lines. */
  get size(): number {
    return this.#lines.length;
  }

  [Symbol.iterator](): Iterator<Field> {
    return this.#lines[Symbol.iterator]();
  }

  /**
   * The value of the field `name` (lower case); several lines are joined by `, ` in order (RFC 9110 §5.3).
   * @returns `undefined` when there is no such line.
   */
  get(name: string): string | undefined {
    let value: string | undefined;
    for (const line of this.#lines) {
      if (!isNamed(line, name)) continue;
      value = value === undefined ? line[1] : `${value}, ${line[1]}`;
    }
    return value;
  }

  /** Each line's value of the field `name` (lower case), in order. */
  all(name: string): readonly string[] {
    return this.#lines.filter((line) => isNamed(line, name)).map((line) => line[1]);
  }

  /** Whether there is a line of the field `name` (lower case). */
  has(name: string): boolean {
    return this.#lines.some((line) => isNamed(line, name));
  }
}

function isNamed(line: Field, lowerCaseName: string): boolean {
  const [name] = line;
  return (
    name.length === lowerCaseName.length && (name === lowerCaseName || name.toLowerCase() === lowerCaseName)
  );
}
