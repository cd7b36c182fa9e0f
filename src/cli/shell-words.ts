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
  const words: string[] = [];
  let index = 0;
  while (index < line.length) {
    const character = line[index] ?? "";
    if (/\s/.test(character)) {
      index += 1;
      continue;
    }
    if (character === "#") break;
    const { word, end } = readWord(line, index);
    words.push(word);
    index = end;
  }
  return words;
}

type Part = { readonly word: string; readonly end: number };

function readWord(line: string, start: number): Part {
  let word = "";
  let index = start;
  while (index < line.length) {
    const character = line[index] ?? "";
    if (/\s/.test(character)) break;
    const part = character === "'" || character === '"' ? readQuoted(line, index) : readPlain(line, index);
    word += part.word;
    index = part.end;
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

function readQuoted(line: string, start: number): Part {
  const quote = line[start] ?? "";
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
  throw new UsageError(`The quote ${quote} is not closed; end it, or write \\${quote} for the character`);
}

/** Writes `word` so that {@link splitWords} reads it as one, for completion. */
export function quoteWord(word: string): string {
  return word.replace(/[\s"'#\\]/g, (character, offset: number) => {
    return character === "#" && offset > 0 ? character : `\\${character}`;
  });
}
