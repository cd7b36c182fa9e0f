/**
 * `netfile completion` and `netfile man`: the commands that print what there is to say about the commands.
 */
import type { Command } from "./command.ts";
import { formatCompletion, SHELLS } from "./completion.ts";
import type { NamedCommand } from "./completion.ts";
import { EXIT, UsageError } from "./exit.ts";
import { formatManPage } from "./man-page.ts";
import { VERSION } from "./version.ts";

/** Loads every command there is. */
export type LoadCommands = () => Promise<readonly NamedCommand[]>;

/** The command that prints a shell's completion script. */
export function completionCommand(loadCommands: LoadCommands): Command {
  return {
    args: {
      SHELL: {
        type: "positional",
        required: false,
        choices: SHELLS,
        description: "bash, zsh or fish",
      },
    },
    help: {
      summary: "Prints the script by which a shell completes the words and flags of netfile",
      usage: ["netfile completion bash|zsh|fish"],
      sections: [],
      examples: [
        ["source <(netfile completion bash)", "for this bash; in ~/.bashrc for every one"],
        ["netfile completion zsh > ~/.zfunc/_netfile", "for a zsh that has ~/.zfunc in its fpath"],
        ["netfile completion fish > ~/.config/fish/completions/netfile.fish", "for fish"],
      ],
      showsExitCodes: false,
    },
    run: async ({ words }, terminal) => {
      const shell = SHELLS.find((name) => name === words[0]);
      if (shell === undefined)
        throw new UsageError("Name the shell; write: netfile completion bash, zsh or fish");
      terminal.out.print(formatCompletion(shell, await loadCommands()));
      return EXIT.done;
    },
  };
}

/** The command that prints the man page. */
export function manCommand(loadCommands: LoadCommands): Command {
  return {
    args: {},
    help: {
      summary: "Prints the man page of netfile, in roff",
      usage: ["netfile man"],
      sections: [],
      examples: [["netfile man > netfile.1 && man ./netfile.1", "saved, and read"]],
      showsExitCodes: false,
    },
    run: async (_args, terminal) => {
      terminal.out.print(formatManPage(VERSION, await loadCommands()));
      return EXIT.done;
    },
  };
}
