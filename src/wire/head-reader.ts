/**
 * Whole heads out of the bytes received: a start line and a field section (RFC 9112 §2.1). There is a careful way, line
 * by line as the bytes come, which alone says what is wrong; and a quick way for a head that is there whole.
 */
import { decodeLatin1 } from "../base/bytes.ts";
import { type Field, Fields } from "./fields.ts";
import { parseFieldLine } from "./head-parser.ts";
import { type ExcessRule, type LineEnds, LineReader } from "./line-reader.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { ReceiveBuffer } from "./receive-buffer.ts";
import { SectionReader, type SectionLimits } from "./section-reader.ts";

/** A start line as a value, and the fields after it. */
export type Head<Start> = {
  readonly start: Start;
  readonly fields: Fields;
  /** Whether a line of it, or of a head before it, has ended with LF alone. */
  readonly hasLoneLf: boolean;
};

/** How heads of one kind are read. */
export type HeadRules<Start> = {
  /** Reads the start line. */
  readonly parse: (line: string) => Start;
  /** Most bytes of that line, its end not counted. */
  readonly limitBytes: number;
  readonly excess: ExcessRule;
  /** Empty lines that may precede it (RFC 9112 §2.2). */
  readonly skippableLines: number;
  /** What ends its lines; CRLF if left out. */
  readonly lineEnds?: LineEnds;
  /** Of the fields; their size is counted with the start line's. */
  readonly section: SectionLimits;
};

/** So much is decoded at first, in bytes: most heads are shorter, and others may wait behind this one. */
const WINDOW_BYTES = 2048;

export class HeadReader<Start> {
  readonly #buffer: ReceiveBuffer;
  /** Made when a head has to be read line by line. */
  #lines: LineReader | undefined;
  readonly #rules: HeadRules<Start>;
  /** The start line of the head that is being read, once it has come. */
  #start: Start | undefined;
  #section: SectionReader | undefined;
  #skippedLines = 0;
  /** The last field section that was there whole, as text with its empty line, and as fields. */
  #recentSection = "";
  #recentFields = Fields.NONE;

  constructor(buffer: ReceiveBuffer, rules: HeadRules<Start>) {
    this.#buffer = buffer;
    this.#rules = rules;
  }

  /** Whether the reader is inside a head. */
  get isBegun(): boolean {
    return this.#section !== undefined || (this.#lines?.heldBytes ?? 0) > 0;
  }

  /** Bytes of the head that is being read which are no longer in the buffer. */
  get heldBytes(): number {
    return (this.#section?.bytes ?? 0) + (this.#lines?.heldBytes ?? 0);
  }

  /** The start line of the head that is being read, once it is known. */
  get start(): Start | undefined {
    return this.#start;
  }

  /** The next head as text, with its empty line, if it is there whole in one piece and not too long; nothing is taken. */
  peek(): string | undefined {
    const chunk = this.#buffer.first;
    if (chunk === undefined || this.isBegun) return undefined;
    return decodeHead(chunk, this.#buffer.offset, this.#rules.section.bytes);
  }

  /** Takes the head that {@link peek} has shown. */
  skip(text: string): void {
    this.#buffer.skip(text.length);
    this.#skippedLines = 0;
  }

  /** Reads the head that {@link peek} has shown as `text`. @returns `undefined`, and takes nothing, when it has a flaw. */
  readQuickly(text: string): Head<Start> | undefined {
    const head = this.#parseHead(text);
    if (head !== undefined) this.skip(text);
    return head;
  }

  /**
   * Reads a head line by line.
   *
   * @returns `undefined` when it has not come whole.
   * @throws {ProtocolError} as soon as the bytes can't become a head: the same error however they were cut into chunks.
   */
  readCarefully(): Head<Start> | undefined {
    this.#section ??= this.#readStart();
    const fields = this.#section?.read();
    if (fields === undefined || this.#start === undefined) return undefined;
    const head = { start: this.#start, fields, hasLoneLf: this.#hasLoneLf };
    this.#reset();
    return head;
  }

  get #hasLoneLf(): boolean {
    return this.#lines?.hasLoneLf ?? false;
  }

  /** Lets go of the last field section, which is kept because the next one is likely to be the same. */
  forget(): void {
    this.#recentSection = "";
    this.#recentFields = Fields.NONE;
  }

  #reset(): void {
    this.#start = undefined;
    this.#section = undefined;
    this.#skippedLines = 0;
  }

  #readStart(): SectionReader | undefined {
    const { parse, limitBytes, excess, skippableLines, lineEnds, section: limits } = this.#rules;
    const lines = (this.#lines ??= new LineReader(this.#buffer, lineEnds));
    let line = lines.read(limitBytes, excess);
    while (line === "" && this.#skippedLines < skippableLines) {
      this.#skippedLines += 1;
      line = lines.read(limitBytes, excess);
    }
    if (line === undefined) return undefined;
    const section = new SectionReader(lines, limits);
    this.#start = parse(line);
    section.count(line);
    return section;
  }

  /** The head that `text` is; `undefined` when it has a flaw. */
  #parseHead(text: string): Head<Start> | undefined {
    try {
      const startEnd = text.indexOf("\r\n");
      const start = this.#rules.parse(text.slice(0, startEnd));
      const fields = this.#parseSection(text.slice(startEnd + 2));
      return fields && { start, fields, hasLoneLf: this.#hasLoneLf };
    } catch (error) {
      // What is wrong with it, the careful way says: its verdict does not depend on how the bytes were cut.
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }

  /** The fields of a section that ends with its empty line; `undefined` when there are too many. */
  #parseSection(section: string): Fields | undefined {
    if (section === this.#recentSection) return this.#recentFields;
    const lines: Field[] = [];
    for (let at = 0; at < section.length - 2;) {
      const end = section.indexOf("\r\n", at);
      lines.push(parseFieldLine(section.slice(at, end)));
      at = end + 2;
    }
    if (lines.length > this.#rules.section.fieldCount) return undefined;
    const fields = lines.length === 0 ? Fields.NONE : new Fields(lines);
    if (section.length <= WINDOW_BYTES) {
      this.#recentSection = section;
      this.#recentFields = fields;
    }
    return fields;
  }
}

/**
 * The head that begins at `offset` of `chunk` as text, its last empty line included; `undefined` when it isn't there whole
 * or is longer than `mostBytes`.
 */
function decodeHead(chunk: Uint8Array, offset: number, mostBytes: number): string | undefined {
  for (let windowBytes = Math.min(WINDOW_BYTES, mostBytes); ; windowBytes = mostBytes) {
    const end = Math.min(chunk.length, offset + windowBytes);
    const text = decodeLatin1(chunk, offset, end);
    const headEnd = text.indexOf("\r\n\r\n") + 4;
    if (headEnd >= 4) return headEnd === text.length ? text : text.slice(0, headEnd);
    if (end === chunk.length || windowBytes === mostBytes) return undefined;
  }
}
