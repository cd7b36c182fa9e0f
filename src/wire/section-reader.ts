/**
 * Field sections (RFC 9112 §5, §7.1.2): the lines of a head after its start line, or of trailers, up to an empty line.
 */
import { type Field, Fields } from "./fields.ts";
import { parseFieldLine } from "./head-parser.ts";
import type { Excess, LineReader } from "./line-reader.ts";
import { ProtocolError } from "./protocol-error.ts";

/** Limits of a field section, line ends included. */
export type SectionLimits = {
  readonly bytes: number;
  readonly fieldCount: number;
  /** Whether a line may continue the one before (obs-fold): a client has to understand that (RFC 9112 §5.2). */
  readonly allowsFolding?: boolean;
};

const SECTION_EXCESS: Excess = { message: "The fields are too large", status: 431 };

const UNFOLDED = /^(?:content-length|transfer-encoding|connection)$/i;

/** Reads field lines up to the empty line, within limits: the fields of a head, or a trailer section. */
export class SectionReader {
  readonly #lines: LineReader;
  readonly #limits: SectionLimits;
  #fields: Field[] = [];
  #bytes = 0;

  constructor(lines: LineReader, limits: SectionLimits) {
    this.#lines = lines;
    this.#limits = limits;
  }

  /** Bytes of the lines read so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts `line`, which is part of the section's size though not a field. */
  count(line: string): void {
    this.#bytes += line.length + 2;
    if (this.#bytes > this.#limits.bytes)
      throw new ProtocolError(SECTION_EXCESS.message, SECTION_EXCESS.status);
  }

  /**
   * @returns the fields; `undefined` when the empty line after them has not come.
   * @throws {ProtocolError} 400 when one is malformed, 431 when they are too many or too large.
   */
  read(): Fields | undefined {
    for (;;) {
      const line = this.#lines.read(Math.max(0, this.#limits.bytes - this.#bytes - 2), SECTION_EXCESS);
      if (line === undefined) return undefined;
      this.count(line);
      if (line === "") return this.#fields.length === 0 ? Fields.NONE : new Fields(this.#fields);
      if (this.#limits.allowsFolding === true && this.#unfold(line)) continue;
      this.#fields.push(parseFieldLine(line));
      if (this.#fields.length > this.#limits.fieldCount)
        throw new ProtocolError("There are too many fields", 431);
    }
  }

  /** Puts a line that begins with white space behind the value of the field before it. @returns false for any other. */
  #unfold(line: string): boolean {
    const before = this.#fields.at(-1);
    // SECURITY: who doesn't fold would see another end of the message than who does.
    // Deviation: in these three fields it is refused, though RFC 9112 §5.2 has a user agent read it as spaces.
    if (before === undefined || !/^[ \t]/.test(line) || UNFOLDED.test(before[0])) return false;
    const [name, value] = before;
    this.#fields[this.#fields.length - 1] = parseFieldLine(
      `${name}: ${value} ${line.replace(/^[ \t]+/, "")}`,
    );
    return true;
  }
}
