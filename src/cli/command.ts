/**
 * A command of netfile: its definition, its help, and how it is run.
 */
import type { Habits } from "./habits.ts";
import type { HelpText } from "./help.ts";
import type { StrictArgs, StrictArgsDef } from "./strict-args.ts";
import type { Terminal } from "./terminal.ts";

export type Command = {
  readonly help: HelpText;
  readonly args: StrictArgsDef;
  /** Flags of other programs, and what to do in their place. */
  readonly habits?: () => Habits;
  /**
   * Does what the command is for.
   * @returns the exit code. What it throws is told to the person by the root, which also knows its exit code.
   */
  readonly run: (args: StrictArgs, terminal: Terminal) => Promise<number>;
};
