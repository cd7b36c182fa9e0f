import { describe, expect, test } from "bun:test";

import { findCommandByHabit, findHabit, type Habits } from "../../src/cli/habits.ts";
import { loadCommands } from "../../src/cli/root.ts";
import { flagNames, readStrictArgs, type StrictArgsDef } from "../../src/cli/strict-args.ts";

const commands = await loadCommands();
const withHabits = commands.flatMap(({ name, command: { args, habits } }) =>
  habits === undefined ? [] : [{ name, args, habits: habits() }],
);

/** Long and short flags that a sentence names, but those of other commands. */
function adviceOf(instead: string): string[] {
  const own = instead.replace(/\(netfile serve [^)]*\)|netfile --version/g, "").replace(/'[^']*'/g, "");
  return own.match(/(?<![\w-])--?[a-z][\w-]*/g) ?? [];
}

function knows(args: StrictArgsDef, flag: string): boolean {
  const shorts = Object.values(args).flatMap((definition) =>
    "alias" in definition && definition.alias !== undefined ? [`-${definition.alias}`] : [],
  );
  return [...flagNames(args), ...shorts].includes(flag);
}

describe("The habits of a command", () => {
  test("are told by serve, get and put", () => {
    expect(withHabits.map(({ name }) => name)).toEqual(["serve", "get", "put"]);
  });

  test.each(withHabits)("of $name name no flag twice, and none that it has", ({ args, habits }) => {
    const flags = habits.flatMap(([names]) => names.split(" "));
    expect(flags.filter((flag, index) => flags.indexOf(flag) !== index || knows(args, flag))).toEqual([]);
  });

  test.each(withHabits)("of $name lead to flags that it has", ({ args, habits }) => {
    const advised = habits.flatMap(([, instead]) => adviceOf(instead));
    expect(advised.length).toBeGreaterThan(5);
    expect(advised.filter((flag) => !knows(args, flag))).toEqual([]);
  });

  test.each(withHabits)("of $name are told to who types them", ({ args, habits }) => {
    for (const [names, instead] of habits)
      for (const flag of names.split(" "))
        expect(() => readStrictArgs([flag], args, () => habits)).toThrow(
          `There is no flag "${flag}"; ${instead}`,
        );
  });
});

describe("findHabit()", () => {
  const habits: Habits = [["-O --remote-name", "leave it out"]];

  test("knows whole flags only", () => {
    expect(findHabit(habits, "--remote-name")).toBe("leave it out");
    for (const flag of ["--remote", "", " ", "-O --remote-name"])
      expect(findHabit(habits, flag)).toBeUndefined();
  });
});

describe("findCommandByHabit()", () => {
  test("leads to commands that there are", () => {
    const names = ["wget", "upload", "http.server", "ls"].map(findCommandByHabit);
    expect(names).toEqual(["get", "put", "serve", "shell"]);
    for (const name of names) expect(commands.map((command) => command.name)).toContain(name ?? "");
    expect(findCommandByHabit("frobnicate")).toBeUndefined();
  });
});
