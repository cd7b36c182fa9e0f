/**
 * Reads a command's words and flags, and refuses whatever it does not know.
 *
 * The definitions are citty's, but its parser passes unknown flags silently (`--prot 9000` would serve the folder "9000"),
 * takes the last of repeated flags and reads empty values; so the words are read here. Of citty nothing but the types is
 * left in the program: it would load node:util, which takes as long as all else that happens before a command runs.
 */
import type { ArgDef, BooleanArgDef, PositionalArgDef, StringArgDef } from "citty";

import { printable } from "../base/printable.ts";
import { UsageError } from "./exit.ts";
import { findHabit, type Habits } from "./habits.ts";
import { findNearestWord } from "./nearest-word.ts";

/** What every definition says. */
type Defined<Definition extends ArgDef> = Readonly<Required<Pick<Definition, "type" | "description">>>;

/** A word that is no flag. Every word may be left out; a command says itself which it needs. */
export type WordDef = Defined<PositionalArgDef> & {
  readonly required: false;
  /** The last word may be given several times. */
  readonly isRepeatable?: true;
  /** What it can be, for completion; the command itself refuses all else. */
  readonly choices?: readonly string[];
};

/** A flag that is on or off; with `default: true` it is written `--no-x`. */
export type SwitchDef = Defined<BooleanArgDef> & {
  readonly alias?: string;
  readonly default?: true;
};

/** A flag with a value. */
export type ValueDef = Defined<StringArgDef> & {
  readonly alias?: string;
  readonly valueHint: string;
  /** What the value can be, for completion; the command itself refuses all else. */
  readonly choices?: readonly string[];
  /** May be given several times. */
  readonly isRepeatable?: true;
  /** It may stand alone and then means this; its value is given with `=`, or by a word that is one. */
  readonly bareValue?: { readonly value: string; readonly isValue: (word: string) => boolean };
};

/** citty's definition of an argument, narrowed to what is used here, and with what citty has no place for. */
export type StrictArgDef = WordDef | SwitchDef | ValueDef;

export type StrictArgsDef = Readonly<Record<string, StrictArgDef>>;

/** What was given, and nothing that is not defined. */
export type StrictArgs = {
  /** Words that are no flags, in order. */
  readonly words: readonly string[];
  /** Whether the boolean flag `name` is on: as given, else its default, else off. */
  readonly isOn: (name: string) => boolean;
  /** The value of `name`, `undefined` when it was not given. */
  readonly value: (name: string) => string | undefined;
  /** Every value of `name`, in order. */
  readonly values: (name: string) => readonly string[];
};

/** The flags that every command knows and that are answered before its words are read. */
const HELP_WORDS: readonly string[] = ["--help", "-h"];

/** Whether help is asked for anywhere before `--`. */
export function asksForHelp(rawArgs: readonly string[]): boolean {
  const end = rawArgs.indexOf("--");
  return (end === -1 ? rawArgs : rawArgs.slice(0, end)).some((word) => HELP_WORDS.includes(word));
}

/**
 * Reads `rawArgs` by `definitions`.
 *
 * Values follow as a word or behind `=` (`--port 80`, `--port=80`, `-p 80`, `-p80`); `--` ends the flags.
 *
 * @param habits what is told to who types a flag of another program.
 * @throws {UsageError} on an unknown flag, an extra word, an empty word or value, a missing value, or a repetition.
 */
export function readStrictArgs(
  rawArgs: readonly string[],
  definitions: StrictArgsDef,
  habits: () => Habits = () => [],
): StrictArgs {
  return new Reader(definitions, habits).read(rawArgs);
}

const NAME_HINT = 'a name that begins with "-" is written behind "--"';

type FlagDef = SwitchDef | ValueDef;

/** Where a value may stand: behind `=`, or as the next word. */
type ValuePlace = {
  readonly flag: string;
  readonly name: string;
  readonly definition: ValueDef;
  readonly attached: string | undefined;
  readonly next: string | undefined;
};

class Reader {
  readonly #definitions: StrictArgsDef;
  readonly #habits: () => Habits;
  readonly #values = new Map<string, string[]>();
  readonly #switches = new Map<string, boolean>();
  readonly #words: string[] = [];

  constructor(definitions: StrictArgsDef, habits: () => Habits) {
    this.#definitions = definitions;
    this.#habits = habits;
  }

  read(rawArgs: readonly string[]): StrictArgs {
    let index = 0;
    while (index < rawArgs.length) {
      const word = rawArgs[index] ?? "";
      index += 1;
      if (word === "--") {
        for (const rest of rawArgs.slice(index)) this.#takeWord(rest);
        break;
      }
      if (word.startsWith("--")) index += this.#takeLong(word, rawArgs[index]);
      else if (word.startsWith("-") && word.length > 1) index += this.#takeShort(word, rawArgs[index]);
      else this.#takeWord(word);
    }
    return this.#finish();
  }

  #takeWord(word: string): void {
    if (word === "") throw new UsageError("An empty word means nothing here; leave it out");
    const words = Object.values(this.#definitions).filter((definition) => definition.type === "positional");
    if (this.#words.length >= words.length && words.at(-1)?.isRepeatable !== true) {
      throw new UsageError(`The word ${quoted(word)} is one too many; see --help for the order of words`);
    }
    this.#words.push(word);
  }

  /** @returns how many further words were taken as the value. */
  #takeLong(word: string, next: string | undefined): number {
    const equals = word.indexOf("=");
    const flag = equals === -1 ? word : word.slice(0, equals);
    const attached = equals === -1 ? undefined : word.slice(equals + 1);
    const [name, definition, isOn] = this.#findLong(flag);
    if (definition.type === "string") return this.#takeValue({ flag, name, definition, attached, next });
    if (attached !== undefined)
      throw new UsageError(`${quoted(flag)} takes no value; leave "=" and what follows out`);
    this.#turn(flag, name, isOn);
    return 0;
  }

  /** `-q`, `-qf` (several switches), `-p 80`, `-p80`, `-p=80`. */
  #takeShort(word: string, next: string | undefined): number {
    // `-port 80` would read as `-p ort`.
    if (word.length > 2 && this.#flag(word.slice(1)) !== undefined) throw this.#unknown(word, word);
    for (let index = 1; index < word.length; index++) {
      const flag = `-${word[index] ?? ""}`;
      const [name, definition] = this.#findShort(flag, word);
      if (definition.type === "string") {
        const rest = word.slice(index + 1);
        const attached = rest === "" ? undefined : rest.replace(/^=/, "");
        return this.#takeValue({ flag, name, definition, attached, next });
      }
      this.#turn(flag, name, true);
    }
    return 0;
  }

  #findLong(flag: string): readonly [name: string, definition: FlagDef, isOn: boolean] {
    const name = flag.slice(2);
    const definition = this.#flag(name);
    if (definition !== undefined) return [name, definition, true];
    const positive = name.startsWith("no-") ? this.#flag(name.slice(3)) : undefined;
    if (positive !== undefined && isNegatable(positive)) return [name.slice(3), positive, false];
    throw this.#unknown(flag, flag);
  }

  #findShort(flag: string, word: string): readonly [name: string, definition: FlagDef] {
    for (const [name, definition] of Object.entries(this.#definitions)) {
      if (definition.type !== "positional" && shortFlag(definition) === flag) return [name, definition];
    }
    throw this.#unknown(flag, word);
  }

  #flag(name: string): FlagDef | undefined {
    const definition = Object.hasOwn(this.#definitions, name) ? this.#definitions[name] : undefined;
    return definition?.type === "positional" ? undefined : definition;
  }

  #unknown(flag: string, word: string): UsageError {
    // wget's `-nc` is one flag, curl's `-sS` are two.
    const habits = this.#habits();
    for (const given of [word, flag]) {
      const instead = findHabit(habits, given);
      if (instead !== undefined) return new UsageError(`There is no flag ${quoted(given)}; ${instead}`);
    }
    const known = flagNames(this.#definitions);
    // `-port` is a common slip for `--port`.
    const meant = findNearestWord(word.startsWith("--") ? flag : `-${word}`, known);
    const shown = word.startsWith("--") ? flag : word;
    const hint =
      meant === undefined ? `see --help for those there are; ${NAME_HINT}` : `did you mean ${quoted(meant)}?`;
    return new UsageError(`There is no flag ${quoted(shown)}; ${hint}`);
  }

  /** @returns how many further words were taken as the value. */
  #takeValue({ flag, name, definition, attached, next }: ValuePlace): number {
    const bare = definition.bareValue;
    const usesNext =
      attached === undefined && (bare === undefined ? isValueWord(next) : bare.isValue(next ?? ""));
    const value = attached ?? (usesNext ? next : bare?.value);
    if (value === undefined) throw new UsageError(`${quoted(flag)} needs a value; write it behind the flag`);
    if (value === "")
      throw new UsageError(`The value of ${quoted(flag)} is empty; write one or leave the flag out`);
    const values = this.#values.get(name) ?? [];
    if (values.length > 0 && definition.isRepeatable !== true) throw repeated(flag);
    this.#values.set(name, [...values, value]);
    return usesNext ? 1 : 0;
  }

  #turn(flag: string, name: string, isOn: boolean): void {
    // Twice the same is what an alias and its user say together.
    if (this.#switches.get(name) === !isOn) throw repeated(flag);
    this.#switches.set(name, isOn);
  }

  #finish(): StrictArgs {
    return {
      words: this.#words,
      isOn: (name) => this.#switches.get(name) ?? isNegatable(this.#definitions[name]),
      value: (name) => this.#values.get(name)?.[0],
      values: (name) => this.#values.get(name) ?? [],
    };
  }
}

/** The long flags as they are typed, with `--no-x` for those that can be turned off. */
export function flagNames(definitions: StrictArgsDef): readonly string[] {
  const names = Object.entries(definitions)
    .filter(([, definition]) => definition.type !== "positional")
    .map(([name, definition]) => (isNegatable(definition) ? `--no-${name}` : `--${name}`));
  return [...names, "--help"];
}

/** Whether the flag is written `--no-x`: a switch that is on unless it is turned off. */
export function isNegatable(definition: StrictArgDef | undefined): boolean {
  return definition?.type === "boolean" && definition.default === true;
}

/** The one-letter form, `-p`, of a flag that has one. */
export function shortFlag(definition: StrictArgDef): string | undefined {
  if (definition.type === "positional" || definition.alias === undefined) return undefined;
  return `-${definition.alias}`;
}

/** `-o -` is a value, `-1` is a bad number and told as one, `--other` is a forgotten value. */
function isValueWord(word: string | undefined): boolean {
  return word !== undefined && (!word.startsWith("-") || word === "-" || /^-\d/.test(word));
}

function repeated(flag: string): UsageError {
  return new UsageError(`${quoted(flag)} is given more than once; keep one of them`);
}

function quoted(text: string): string {
  return `"${printable(text)}"`;
}
