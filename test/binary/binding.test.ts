/**
 * Which addresses are open: just those that the banner names.
 */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { cleanEnvironment, netfileBinary, runProgram, startNetfile } from "../support/netfile-binary.ts";
import { hasIPv6, hasPrivateNetwork, inPrivateNetwork } from "../support/program.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";

setDefaultTimeout(60_000);

const site = new ScratchFolder({ "hello.txt": "hello\n" });
afterAll(() => site[Symbol.dispose]());

/** Addresses on which `port` is listened to, as the kernel tells (proc_net_tcp(5)). */
function listeningAddresses(
  port: number,
  tables = [readFileSync("/proc/net/tcp", "utf8"), readFileSync("/proc/net/tcp6", "utf8")],
) {
  return tables
    .flatMap((table) => [...table.matchAll(/^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:0000 0A /gm)])
    .filter(([, , hexPort = ""]) => parseInt(hexPort, 16) === port)
    .map(([, address = ""]) => KNOWN_ADDRESSES[address] ?? address);
}

// In the byte order of the machine, four bytes a group.
const KNOWN_ADDRESSES: Readonly<Record<string, string>> = {
  "0100007F": "127.0.0.1",
  "00000000": "0.0.0.0",
  "00000000000000000000000000000000": "::",
  "00000000000000000000000001000000": "::1",
};

const isLinux = process.platform === "linux";

describe("netfile serve", () => {
  test.skipIf(!isLinux)("listens on 127.0.0.1 alone unless told otherwise, and says so", async () => {
    await using server = await startNetfile(["0"], { cwd: site.path });
    expect(listeningAddresses(server.port)).toEqual(["127.0.0.1"]);
    expect(server.output).toContain(`http://127.0.0.1:${server.port}/`);
    expect(server.output).toContain("this machine only");
  });

  test.skipIf(!isLinux || !hasIPv6())("--host ::1 listens there alone, and is reached by get", async () => {
    await using server = await startNetfile(["0", "--host", "::1"], { cwd: site.path });
    expect(listeningAddresses(server.port)).toEqual(["::1"]);
    expect(server.output).toContain(`http://[::1]:${server.port}/`);
    using folder = new ScratchFolder();
    const words = [await netfileBinary(), "get", "::1", String(server.port), "hello.txt"];
    const { code, stderr } = await runProgram(words, { cwd: folder.path });
    expect({ code, text: folder.text("hello.txt") }).toEqual({ code: 0, text: "hello\n" });
    expect(stderr).toMatch(/family\s+IPv6/);
  });

  test.skipIf(!hasPrivateNetwork())(
    "--lan listens on every address, of both families, and says who can reach it",
    async () => {
      using folder = new ScratchFolder();
      const script = `
      netfile serve 8080 '${site.path}' --lan >server.log 2>&1 & server=$!
      trap 'kill $server; wait $server' EXIT
      for _ in $(seq 500); do (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null && break; sleep 0.02; done
      cat /proc/net/tcp > tcp; cat /proc/net/tcp6 > tcp6
      netfile get 127.0.0.1 8080 hello.txt v4.txt && netfile get ::1 8080 hello.txt v6.txt`;
      const PATH = `${dirname(await netfileBinary())}:${process.env["PATH"] ?? ""}`;
      const env = { ...cleanEnvironment(folder.path), PATH };
      const { code } = await runProgram(inPrivateNetwork(["bash", "-c", script]), { cwd: folder.path, env });
      expect(code).toBe(0);
      expect(listeningAddresses(8080, [folder.text("tcp"), folder.text("tcp6")])).toEqual(["::"]);
      expect([folder.text("v4.txt"), folder.text("v6.txt")]).toEqual(["hello\n", "hello\n"]);
      expect(folder.text("server.log")).toContain("every device on your networks");
      // An IPv4 client of the dual-stack listener is told as what it is.
      expect(folder.text("server.log")).toMatch(/127\.0\.0\.1:\d+ .*IPv4/);
    },
  );

  test("port 0 picks a free one and says which", async () => {
    await using one = await startNetfile(["0"], { cwd: site.path });
    await using other = await startNetfile(["--port=0"], { cwd: site.path });
    expect(one.port).toBeGreaterThan(0);
    expect(other.port).not.toBe(one.port);
    expect(await (await fetch(`${other.url}/hello.txt`)).text()).toBe("hello\n");
  });

  test("--quiet prints the address alone", async () => {
    await using server = await startNetfile(["0", "--quiet"], { cwd: site.path });
    await (await fetch(`${server.url}/hello.txt`)).text();
    server.kill("SIGTERM");
    expect((await server.ended()).output).toBe(`${server.url}/\n`);
  });
});
