/**
 * What people type by mistake: one sentence with what to do, the fitting exit code, never a stack.
 */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { netfileBinary, runNetfile, runProgram } from "../support/netfile-binary.ts";
import { asUnprivileged } from "../support/program.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";

setDefaultTimeout(60_000);

const folder = new ScratchFolder({ "file.txt": "a file\n" });
afterAll(() => folder[Symbol.dispose]());

type Row = readonly [words: string, code: number, sentence: RegExp];

const ROWS: readonly Row[] = [
  ["--prot 9000", 2, /no flag "--prot"/],
  ["frobnicate", 2, /no command "frobnicate"/],
  ["8080", 2, /no command "8080"; did you mean "netfile serve 8080"\?/],
  ["./photos", 2, /did you mean "netfile serve \.\/photos"\?/],
  ["http://localhost/a.txt", 2, /did you mean "netfile get http:\/\/localhost\/a\.txt"\?/],
  ["wget http://localhost/a.txt", 2, /did you mean "netfile get"\?/],
  ["upload a.txt", 2, /did you mean "netfile put"\?/],
  ["srve", 2, /did you mean "netfile serve"\?/],
  ["serve --prot 9000", 2, /no flag "--prot"; did you mean "--port"\?/],
  ["serve -z", 2, /no flag "-z"/],
  ["serve -d files", 2, /no flag "-d"; the folder is a word: netfile serve PORT DIR/],
  ["serve --bind 0.0.0.0 8080", 2, /no flag "--bind"; the address is --host ADDRESS/],
  ["get -qO- http://localhost/", 2, /no flag "-O"; .*-o - prints it/],
  ["get -fsSL http://localhost/", 2, /no flag "-s"; -q prints errors only/],
  ["get -nc http://localhost/", 2, /no flag "-nc"; no file is replaced unless --force is given/],
  ["get -C - http://localhost/", 2, /no flag "-C"; what was cut goes on/],
  ["put -T a.txt http://localhost/", 2, /no flag "-T"; the file is a word/],
  ["serve 8080 . extra", 2, /"extra" is one too many/],
  ["serve 99999", 2, /"99999" is not a port/],
  ["serve -p -1", 2, /"-1" is not a port/],
  ["serve -p 80x", 2, /"80x" is not a port/],
  ["serve -p", 2, /"-p" needs a value/],
  ["serve -p 0 -p 0", 2, /given more than once/],
  ["serve 0 --port 0", 2, /given twice/],
  ["serve 0 missing", 2, /no folder ".*missing"/],
  ["serve http://127.0.0.1:8080/", 2, /no folder .*; the address is given with --host/],
  ["serve localhost:8080", 2, /no folder .*; the address is given with --host/],
  ["serve :8080", 2, /no folder .*; the address is given with --host/],
  ["serve 0 file.txt", 2, /is a file/],
  ["serve . 0", 2, /order is PORT DIR/],
  ["serve 0 --allow", 2, /needs a value/],
  ["serve 0 --allow=", 2, /is empty/],
  ["serve 0 --upload=yes", 2, /takes no value/],
  ["serve 0 --max-upload 10", 2, /add --upload/],
  ["serve 0 --upload --max-upload lots", 2, /"lots" of --max-upload is not a size/],
  ["serve 0 --upload --on-exist ask", 2, /"ask" of --on-exist/],
  ["serve 0 --idle-exit soon", 2, /"soon" of --idle-exit is not a time/],
  ["serve 0 --idle-exit 0", 2, /"0" of --idle-exit is not a time/],
  ["serve 0 --log-format json", 2, /needs --log-file/],
  [
    "serve 0 --log-file missing/access.log",
    6,
    /Cannot write the log file.*: there is no such file or folder; name/,
  ],
  ["serve 0 --log-file .", 6, /Cannot write the log file.*: it is a folder; name/],
  ["get --log-file missing/a.log", 6, /Cannot write the log file.*: there is no such file or folder; name/],
  ["serve 0 --header nonsense", 2, /is not a field/],
  ["serve 0 --header Content-Length:5", 2, /the server's own/],
  ["serve 0 --host 192.0.2.1", 1, /Cannot listen on 192\.0\.2\.1:0: this machine does not have that address/],
  [
    "serve 0 --host no.such.host.invalid",
    1,
    /"no\.such\.host\.invalid" is no address and no known name; check/,
  ],
  ["serve 0 --host 300.1.1.1", 1, /"300\.1\.1\.1" is no address and no known name; check/],
  ["serve 0 --lan --host 127.0.0.1", 2, /contradict/],
  ["serve 0 --quiet --verbose", 2, /contradict/],
  ["get 127.0.0.1:8080", 2, /is not a host.*127\.0\.0\.1 8080/],
  ["get localhost:8080/a.txt", 2, /is not a host.*http:\/\/localhost:8080\/a\.txt/],
  ["get 8080", 2, /"8080" is not a host/],
  ["get localhost http", 2, /"http" is not a port/],
  ["get a.txt localhost 8080", 2, /"localhost" is not a port; the order is HOST PORT FILE/],
  ["put a.txt localhost 8080", 2, /order is HOST PORT FILE; write: netfile put localhost 8080 a\.txt/],
  ["get localhost 0", 2, /"0" leads nowhere/],
  ["get localhost 8080 a.txt . more", 2, /"more" is one too many/],
  ["get https://localhost/", 2, /https is not supported/],
  ["get ftp://localhost/", 2, /"ftp" is not supported/],
  ["get http://", 2, /names no host/],
  ["get http://user:secret@localhost/", 2, /user name or password/],
  ["get http://localhost:99999/", 2, /port/],
  ["get http://localhost/%zz", 2, /"%"/],
  ["get localhost 8080 a.txt here -o there", 2, /given twice/],
  ["get --timeout never", 2, /"never" of --timeout is not a time/],
  ["put", 2, /file to send is missing/],
  ["put localhost 8080", 2, /file to send is missing/],
  [
    "put http://localhost/ file.txt",
    2,
    /file comes first, "-" for standard input; write: netfile put FILE URL/,
  ],
  ["put - http://localhost/", 2, /Standard input has no name; write one behind the URL's last slash/],
  ["put localhost 8080 -", 2, /Standard input has no name; write: netfile put HOST PORT - NAME/],
  ["put localhost 8080 - work/", 2, /Standard input has no name/],
  ["put - localhost", 2, /order is HOST PORT - NAME, or: netfile put - URL/],
  ["put - file.txt http://localhost/", 2, /Standard input is sent alone/],
  ["shell --script", 2, /needs a value/],
  [
    "shell --script missing.txt",
    6,
    /Cannot read the script "missing\.txt": there is no such file or folder; name/,
  ],
  ["shell --script .", 6, /Cannot read the script "\.": it is a folder; name/],
  ["help get put", 2, /one command/],
];

function expectOneSentence({ stdout, stderr }: { stdout: string; stderr: string }): void {
  expect(stdout).toBe("");
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stderr).not.toMatch(/^\s+at |\$bunfs|\.ts:\d+|Unexpected error|undefined|\[object/m);
}

describe("a mistake on the command line", () => {
  test.each([...ROWS])("netfile %s", async (words, code, sentence) => {
    const ran = await runNetfile(words.split(" "), { cwd: folder.path });
    expect(ran.stderr).toMatch(sentence);
    expect(ran.code).toBe(code);
    expectOneSentence(ran);
  });

  test.each([["serve"], ["get"], ["put"], ["shell"]])("an empty word after netfile %s", async (command) => {
    const ran = await runNetfile([command, ""], { cwd: folder.path });
    expect(ran.code).toBe(2);
    expectOneSentence(ran);
  });

  test("a password in a URL is not repeated", async () => {
    const ran = await runNetfile(["get", "http://user:hunter2@localhost/"], { cwd: folder.path });
    expect(ran.stderr).not.toContain("hunter2");
  });

  test("control characters of a word reach no terminal", async () => {
    const ran = await runNetfile(["serve", "0", "\u001b]0;owned\u0007\u001b[2J"], { cwd: folder.path });
    expect(ran.code).toBe(2);
    expect(ran.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  });
});

describe("what the machine does not have", () => {
  test("a port that is in use: exit 1, and another one is proposed", async () => {
    const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const ran = await runNetfile(["serve", String(taken.port)], { cwd: folder.path });
    taken.stop(true);
    expect(ran.stderr).toContain(
      `Cannot listen on 127.0.0.1:${taken.port}: the port is in use; choose another`,
    );
    expect(ran.code).toBe(1);
    expectOneSentence(ran);
  });

  test("a folder that can't be read: exit 2", async () => {
    using place = new ScratchFolder();
    copyFileSync(await netfileBinary(), place.at("netfile"));
    place.chmod(".", 0o755);
    place.folder("closed");
    place.chmod("closed", 0o000);
    const ran = await runProgram(asUnprivileged([place.at("netfile"), "serve", "0", "closed"]), {
      cwd: place.path,
    });
    place.chmod("closed", 0o700);
    expect(ran.stderr).toMatch(/folder ".*closed" can't be read/);
    expect(ran.code).toBe(2);
    expectOneSentence(ran);
  });

  test("uploads into a folder that can't be written: a warning at the start", async () => {
    using place = new ScratchFolder();
    copyFileSync(await netfileBinary(), place.at("netfile"));
    place.folder("closed");
    place.chmod("closed", 0o555);
    place.chmod(".", 0o755);
    const words = ["serve", "0", "closed", "--upload", "--quiet", "--idle-exit", "1"];
    const ran = await runProgram(asUnprivileged([place.at("netfile"), ...words]), { cwd: place.path });
    expect(ran.stderr).toBe(
      "netfile: warning: No upload can be saved: the folder can't be written; change its permissions\n",
    );
    expect(ran.code).toBe(0);
  });

  test("--spa without a page to show: a warning at the start", async () => {
    using place = new ScratchFolder();
    const words = ["serve", "0", "--spa", "--quiet", "--idle-exit", "1"];
    const ran = await runNetfile(words, { cwd: place.path });
    expect(ran.stderr).toContain("There is no index.html in the folder for --spa to show");
    place.write("index.html", "");
    expect((await runNetfile(words, { cwd: place.path })).stderr).toBe("");
  });

  test("netfile alone shows its help, exit 2", async () => {
    const { code, stdout, stderr } = await runNetfile([], { cwd: folder.path });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Usage\n  netfile COMMAND");
  });
});
