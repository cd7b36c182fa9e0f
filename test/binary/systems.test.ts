/**
 * The five client/server pairs that netfile replaces, each row as its own users would use it.
 */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { dirname } from "node:path";
import {
  netfileBinary,
  type NetfileServer,
  runNetfile,
  runProgram,
  startNetfile,
} from "../support/netfile-binary.ts";
import { hasPrivateNetwork, hasProgram, inPrivateNetwork } from "../support/program.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { makeTestSite, PHOTO } from "../support/test-site.ts";

setDefaultTimeout(60_000);

const site = makeTestSite();
afterAll(() => site[Symbol.dispose]());

const PANEL = [
  /server\s+\S+ \(127\.0\.0\.1:\d+\)/,
  /family\s+IPv4/,
  /type\s+stream/,
  /protocol\s+TCP/,
  /timeout\s+\d+ s/,
];

/** Runs shell commands with port 8080 free, `netfile` on the path, and the served folder as `$SITE`. */
async function runShell(script: string, cwd: string) {
  const PATH = `${dirname(await netfileBinary())}:${process.env["PATH"] ?? ""}`;
  return runProgram(inPrivateNetwork(["bash", "-c", `${WAIT_FOR_8080}\n${script}`]), {
    cwd,
    env: { PATH, SITE: site.path },
  });
}

const WAIT_FOR_8080 = `
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
ready() { for _ in $(seq 500); do (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null && return; sleep 0.02; done; exit 99; }`;

function get(server: NetfileServer, cwd: string, ...words: readonly string[]) {
  return runNetfile(["get", "127.0.0.1", String(server.port), ...words], { cwd });
}

describe("system 1: a threaded server with details of its clients, and a client that measures the RTT", () => {
  test.skipIf(!hasProgram("chromium"))("two browsers at once open a page with its pictures", async () => {
    await using server = await startNetfile(["0", site.path], { cwd: site.path });
    using homes = new ScratchFolder();
    const pages = await Promise.all(
      ["one", "two"].map((name) => dumpPage(`${server.url}/page.html`, homes.folder(name))),
    );
    for (const page of pages) expect(page.stdout).toContain("Hello");
    await server.waitFor(/(?:GET \/photo\.jpg 200[^]*){2}/);
  });

  test("the server prints a line with the client's details for each connection and each request", async () => {
    await using server = await startNetfile(["-p", "0", site.path], { cwd: site.path });
    expect(await (await fetch(`${server.url}/notes.txt`)).text()).toBe("Some notes.\n");
    await server.waitFor(
      /#1 127\.0\.0\.1:\d+.* · IPv4 · stream \(SOCK_STREAM\) · TCP · timeout 19 s · RTT (\d+ µs|n\/a)/,
    );
    await server.waitFor(/\d\d:\d\d:\d\d 127\.0\.0\.1:\d+ GET \/notes\.txt 200 12 B .* RTT (\d+ µs|n\/a)/);
  });

  test("the client saves the file and prints the server's details and the RTT in microseconds", async () => {
    await using server = await startNetfile(["0", site.path], { cwd: site.path });
    using folder = new ScratchFolder();
    const { code, stderr } = await get(server, folder.path, "photo.jpg");
    expect(code).toBe(0);
    expect(folder.bytes("photo.jpg").equals(PHOTO)).toBe(true);
    for (const row of PANEL) expect(stderr).toMatch(row);
    expect(stderr).toMatch(process.platform === "linux" ? /RTT\s+\d+ µs/ : /RTT\s/);
  });

  test("what its author missed is there: pages made on the fly, and errors that say what to do", async () => {
    await using server = await startNetfile(["0", site.path], { cwd: site.path });
    using folder = new ScratchFolder();
    site.write("appeared.txt", "now\n");
    const listing = await (await fetch(`${server.url}/`)).text();
    expect(listing).toContain("appeared.txt");
    const { code, stderr } = await get(server, folder.path, "absent.txt");
    expect(code).toBe(3);
    expect(stderr).toMatch(/404/);
    expect(folder.names()).toEqual([]);
  });
});

describe("system 2: a port and a directory, any standard client, parameters on both sides", () => {
  test("serves PORT DIR to many standard clients at once", async () => {
    await using server = await startNetfile(["0", site.path], { cwd: "/" });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await fetch(`${server.url}/photo.jpg`)).bytes()),
    );
    for (const bytes of answers) expect(Buffer.from(bytes).equals(PHOTO)).toBe(true);
  });

  test("the client takes a host name, a port, a file and a folder to save into, and tells the status", async () => {
    await using server = await startNetfile(["0", site.path, "--allow", "pdf"], { cwd: site.path });
    using folder = new ScratchFolder();
    const words = ["get", "localhost", String(server.port), "report.pdf", "."];
    const { code, stderr } = await runNetfile(words, { cwd: folder.path });
    expect(code).toBe(0);
    expect(stderr).toMatch(/status\s+200 OK/);
    expect(folder.text("report.pdf")).toStartWith("%PDF-1.4");
  });

  test("both sides show host name, peer, family, type, protocol, timeout and RTT", async () => {
    await using server = await startNetfile(["0", site.path], { cwd: site.path });
    using folder = new ScratchFolder();
    const { stderr } = await runNetfile(["get", "localhost", String(server.port), "notes.txt"], {
      cwd: folder.path,
    });
    for (const row of [/server\s+localhost \(/, ...PANEL.slice(1), /RTT\s/]) expect(stderr).toMatch(row);
    await server.waitFor(
      /#1 \S+:\d+ localhost · IPv[46] · stream \(SOCK_STREAM\) · TCP · timeout \d+ s · RTT /,
    );
  });
});

describe.skipIf(!hasPrivateNetwork())("system 3: everything optional, port 8080, GET only", () => {
  test("serves the current folder on port 8080, and GET needs no word at all", async () => {
    using folder = new ScratchFolder({ "index.html": "<p>The default page\n" });
    const { code, stdout, stderr } = await runShell(
      `netfile serve >server.log 2>&1 & ready; netfile get && netfile get localhost && netfile get localhost 8080; echo "exit $?"`,
      folder.path,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${"<p>The default page\n".repeat(3)}exit 0\n` });
    expect(stderr).toMatch(/server\s+127\.0\.0\.1 \(127\.0\.0\.1:8080\)[^]*status\s+200 OK/);
    expect(folder.text("server.log")).toMatch(/127\.0\.0\.1:\d+ GET \/ 200/);
  });

  test("answers 404 for what isn't there, and refuses every method that changes something", async () => {
    using folder = new ScratchFolder();
    const { stdout } = await runShell(
      `netfile serve 8080 "$SITE" >server.log 2>&1 & ready
       for method in POST PUT DELETE PATCH; do
         curl -s -o body -w '%{http_code} %header{allow}\\n' -X $method -d x http://127.0.0.1:8080/notes.txt
       done
       curl -s -o body -w '%{http_code}\\n' http://127.0.0.1:8080/absent.txt`,
      folder.path,
    );
    const lines = stdout.trim().split("\n");
    expect(lines.slice(0, 2)).toEqual(Array(2).fill("405 GET, HEAD, OPTIONS"));
    for (const line of lines.slice(2, 4)) expect(line).toMatch(/^(405 GET, HEAD, OPTIONS|501 .*)$/);
    expect(lines[4]).toBe("404");
  });
});

describe("system 4: GET and PUT, a default page for what is missing, logs on both sides", () => {
  test("saves what is put, and keeps a log file on either side", async () => {
    using folder = new ScratchFolder({ "notes.txt": "to be sent\n" });
    using inbox = new ScratchFolder();
    await using server = await startNetfile(
      ["0", inbox.path, "--upload", "--log-file", folder.at("server.log")],
      {
        cwd: folder.path,
      },
    );
    const words = ["localhost", String(server.port), "notes.txt"];
    const put = await runNetfile(["put", ...words, "--log-file", "client.log"], { cwd: folder.path });
    expect(put.code).toBe(0);
    expect(put.stderr).toMatch(/^Sent notes\.txt — 11 B in .*, saved as \/notes\.txt$/m);
    expect(inbox.text("notes.txt")).toBe("to be sent\n");
    const got = await runNetfile(["get", ...words, "back.txt", "--log-file", "client.log"], {
      cwd: folder.path,
    });
    expect(got.code).toBe(0);
    expect(got.stderr).toMatch(/^Saved back\.txt — 11 B in .*, sha-256 verified by server$/m);
    server.kill("SIGTERM");
    expect((await server.ended()).code).toBe(0);
    expect(folder.text("server.log")).toMatch(
      /"PUT \/notes\.txt HTTP\/1\.1" 201 [^]*"GET \/notes\.txt HTTP\/1\.1" 200 11 /,
    );
    expect(folder.text("client.log")).toMatch(
      / PUT http:\/\/localhost:\d+\/notes\.txt 201 .*\n.* GET http:\S+ 200 /,
    );
  });

  test("answers a missing file with 404 and the default page", async () => {
    using folder = new ScratchFolder({ "index.html": "<p>The default page\n" });
    await using server = await startNetfile(["0"], { cwd: folder.path });
    const answer = await fetch(`${server.url}/absent.html`, { headers: { accept: "text/html" } });
    expect({ status: answer.status, body: await answer.text() }).toEqual({
      status: 404,
      body: "<p>The default page\n",
    });
  });

  test("answers a missing file with the embedded page where the folder has none", async () => {
    using folder = new ScratchFolder();
    await using server = await startNetfile(["0"], { cwd: folder.path });
    const answer = await fetch(`${server.url}/absent.html`, { headers: { accept: "text/html" } });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toMatch(/<!doctype html>/i);
  });

  test("--spa answers 200 with index.html instead", async () => {
    using folder = new ScratchFolder({ "index.html": "<p>The application\n" });
    await using server = await startNetfile(["0", "--spa"], { cwd: folder.path });
    const answer = await fetch(`${server.url}/some/route`, { headers: { accept: "text/html" } });
    expect({ status: answer.status, body: await answer.text() }).toEqual({
      status: 200,
      body: "<p>The application\n",
    });
  });
});

describe("system 5: persistent connections, a timeout by load, POST, four types, requests from a prompt or a file", () => {
  test.each([
    [0, 19],
    [4, 15],
    [30, 5],
  ])("with %p other connections open it announces a timeout of %p s", async (others, seconds) => {
    await using server = await startNetfile(["0"], { cwd: site.path });
    const socket = { data() {} };
    const open = await Promise.all(
      Array.from({ length: others }, () => Bun.connect({ hostname: "127.0.0.1", port: server.port, socket })),
    );
    if (others > 0) await server.waitFor(new RegExp(`#${others} `));
    const answer = await fetch(`${server.url}/notes.txt`);
    expect(answer.headers.get("keep-alive")).toMatch(new RegExp(`timeout=${seconds}\\b`));
    for (const each of open) each.end();
  });

  test("ends itself, exit 0, when no request came for the time of --idle-exit", async () => {
    await using server = await startNetfile(["0", "--idle-exit", "1"], { cwd: site.path });
    await (await fetch(`${server.url}/notes.txt`)).text();
    const { code, output } = await server.ended();
    expect(code).toBe(0);
    expect(output).toContain("Ended: no request for 1 s.");
  });

  test.each([
    ["notes.txt", "text/plain; charset=utf-8"],
    ["photo.jpg", "image/jpeg"],
    ["diagram.png", "image/png"],
    ["page.html", "text/html; charset=utf-8"],
  ])("serves %s as %s", async (name, type) => {
    await using server = await startNetfile(["0"], { cwd: site.path });
    const answer = await fetch(`${server.url}/${name}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe(type);
  });

  test("serves and takes no other type than .txt .jpg .png .html, unless --allow says so", async () => {
    using folder = new ScratchFolder({ "report.pdf": "%PDF" });
    const methods = [undefined, { method: "PUT", body: "x" }] as const;
    const statuses = async (server: NetfileServer) =>
      Promise.all(
        methods.map(
          async (init, index) =>
            (await fetch(`${server.url}/${index === 0 ? "report" : "new"}.pdf`, init)).status,
        ),
      );
    {
      await using server = await startNetfile(["0", "--upload"], { cwd: folder.path });
      expect(await statuses(server)).toEqual([403, 403]);
    }
    await using server = await startNetfile(["0", "--upload", "--allow", "all"], { cwd: folder.path });
    expect(await statuses(server)).toEqual([200, 201]);
  });

  test("a prompt's requests go over one connection, in the old way of writing them", async () => {
    using inbox = new ScratchFolder({ "server/a.txt": "from the server\n" });
    using folder = new ScratchFolder({ "client/b.txt": "from the client\n" });
    await using server = await startNetfile(["0", inbox.path, "--upload"], { cwd: inbox.path });
    const { code, stderr } = await runNetfile(["shell", "127.0.0.1", String(server.port)], {
      cwd: folder.path,
      stdin: "GET server/a.txt\nPOST client/b.txt\n",
    });
    expect(code).toBe(0);
    expect(stderr).toContain("2 requests: 2 done, 0 failed");
    expect(folder.text("a.txt")).toBe("from the server\n");
    expect(inbox.text("b.txt")).toBe("from the client\n");
    await server.waitFor(/POST \/b\.txt 201/);
    expect(server.output.match(/^#\d+ /gm)).toEqual(["#1 "]);
  });

  test("a file of requests is read by --script, host and port optional", async () => {
    using folder = new ScratchFolder({ "requests.txt": "# two files\nget notes.txt\nget sub/inner.txt\n" });
    await using server = await startNetfile(["0", site.path], { cwd: site.path });
    const words = ["shell", "localhost", String(server.port), "--script", "requests.txt"];
    const { code, stderr } = await runNetfile(words, { cwd: folder.path });
    expect({ code, names: folder.names() }).toEqual({
      code: 0,
      names: ["inner.txt", "notes.txt", "requests.txt"],
    });
    expect(stderr).toContain("2 requests: 2 done, 0 failed");
  });

  test.skipIf(!hasPrivateNetwork())("the shell finds 127.0.0.1 and 8080 by itself", async () => {
    using folder = new ScratchFolder({ "requests.txt": "get notes.txt\n" });
    const { code } = await runShell(
      `netfile serve 8080 "$SITE" >server.log 2>&1 & ready; netfile shell < requests.txt`,
      folder.path,
    );
    expect({ code, text: folder.text("notes.txt") }).toEqual({ code: 0, text: "Some notes.\n" });
  });
});

/** What a browser shows of a page, with everything on it loaded. */
function dumpPage(url: string, home: string) {
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    `--user-data-dir=${home}/profile`,
    "--dump-dom",
  ];
  return runProgram(["chromium", ...flags, url], { cwd: home });
}
