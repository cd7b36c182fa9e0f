/**
 * A line of the shell → its words.
 */
import { UsageError } from "./exit.ts";

/** What a backslash takes the meaning from; before anything else it is itself, as in `C:\photos`. */
const ESCAPABLE = /[\s"'#\\]/;

/**
 * Splits `line` at white space. `'…'` keeps everything, `"…"` too but for `\"` and `\\`, a backslash escapes a space,
 * a quote, `#` or a backslash; `#` at the begin of a word starts a comment.
 *
 * @throws {UsageError} when a quote is not closed.
 */
export function splitWords(line: string): readonly string[] {
  return scanWords(line).words.map(({ word, quote }) => {
    if (quote === undefined) return word;
    throw new UsageError(`The quote ${quote} is not closed; end it, or write \\${quote} for the character`);
  });
}

/** A line that is being typed: its whole words, and the last one as far as it goes. */
export type TypedLine = {
  readonly words: readonly string[];
  /** What the last word says so far. */
  readonly typed: string;
  /** The last word as it stands in the line. */
  readonly part: string;
  /** The quote that is still open in it. */
  readonly quote: Quote | undefined;
};

/** Splits a line that is being typed; `undefined` in a comment, where nothing can be completed. */
export function splitTyped(line: string): TypedLine | undefined {
  const { words, hasComment } = scanWords(line);
  if (hasComment) return undefined;
  const last = words.at(-1);
  if (last?.end !== line.length) {
    return { words: words.map(({ word }) => word), typed: "", part: "", quote: undefined };
  }
  const whole = words.slice(0, -1).map(({ word }) => word);
  return { words: whole, typed: last.word, part: line.slice(last.start), quote: last.quote };
}

type Quote = "'" | '"';

/** `quote` is set when the line ended inside of it. */
type Part = { readonly word: string; readonly end: number; readonly quote?: Quote | undefined };

type Word = Part & { readonly start: number };

/** The words up to the end, or to a comment. */
function scanWords(line: string): { readonly words: readonly Word[]; readonly hasComment: boolean } {
  const words: Word[] = [];
  for (let index = 0; index < line.length;) {
    const character = line[index] ?? "";
    if (character === "#") return { words, hasComment: true };
    if (/\s/.test(character)) {
      index += 1;
      continue;
    }
    const part = readWord(line, index);
    words.push({ ...part, start: index });
    index = part.end;
  }
  return { words, hasComment: false };
}

function readWord(line: string, start: number): Part {
  let word = "";
  let index = start;
  while (index < line.length) {
    const character = line[index] ?? "";
    if (/\s/.test(character)) break;
    const part =
      character === "'" || character === '"' ? readQuoted(line, index, character) : readPlain(line, index);
    word += part.word;
    index = part.end;
    if (part.quote !== undefined) return { word, end: index, quote: part.quote };
  }
  return { word, end: index };
}

/** One character, or an escaped one. */
function readPlain(line: string, index: number): Part {
  const next = line[index + 1];
  if (line[index] === "\\" && next !== undefined && ESCAPABLE.test(next))
    return { word: next, end: index + 2 };
  return { word: line[index] ?? "", end: index + 1 };
}

function readQuoted(line: string, start: number, quote: Quote): Part {
  let word = "";
  for (let index = start + 1; index < line.length; index++) {
    const character = line[index] ?? "";
    if (character === quote) return { word, end: index + 1 };
    const next = line[index + 1];
    if (quote === '"' && character === "\\" && (next === '"' || next === "\\")) {
      word += next;
      index += 1;
    } else {
      word += character;
    }
  }
  return { word, end: line.length, quote };
}

/** Writes `rest` so that it goes on inside of `quote`, or outside of quotes. */
export function quoteRest(rest: string, quote: Quote | undefined): string {
  if (quote === undefined) return quoteWord(rest);
  return quote === "'" ? rest.replaceAll("'", "'\\''") : rest.replace(/["\\]/g, "\\$&");
}

/** Writes `word` so that {@link splitWords} reads it as one, for completion. */
export function quoteWord(word: string): string {
  return word.replace(/[\s"'#\\]/g, (character, offset: number) => {
    return character === "#" && offset > 0 ? character : `\\${character}`;
  });
}
