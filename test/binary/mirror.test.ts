/** `netfile get -r` against `netfile serve`, as their users run them. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { netfileBinary, runNetfile, runProgram, startNetfile } from "../support/netfile-binary.ts";
import { hasProgram } from "../support/program.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";

setDefaultTimeout(60_000);

test("a folder that shows an index.html is mirrored like any other, and that page with it", async () => {
  const site = {
    "index.html": "<h1>home",
    "a.txt": "a",
    "sub/index.html": "<h1>sub",
    "sub/deep/b.txt": "b",
  };
  using served = new ScratchFolder(site);
  using folder = new ScratchFolder();
  await using server = await startNetfile(["0"], { cwd: served.path });
  const mirror = () => runNetfile(["get", "-r", `${server.url}/`, "copy"], { cwd: folder.path });
  const first = await mirror();
  expect({ code: first.code, stdout: first.stdout }).toEqual({ code: 0, stdout: "" });
  expect(folder.tree().filter((name) => /\.(?:html|txt)$/.test(name))).toEqual(
    Object.keys(site)
      .map((name) => `copy/${name}`)
      .sort(),
  );
  for (const [name, content] of Object.entries(site)) expect(folder.text(`copy/${name}`)).toBe(content);
  expect((await mirror()).stderr).toContain("4 unchanged");
});

test.skipIf(!hasProgram("strace"))(
  "each file is on the disk before it has its name, and each folder once, after its last one",
  async () => {
    const folders = "abcdefghijk".split("");
    const names = folders.flatMap((name) => [`${name}/1.txt`, `${name}/2.txt`]);
    using served = new ScratchFolder(Object.fromEntries(names.map((name) => [name, name])));
    using folder = new ScratchFolder();
    await using server = await startNetfile(["0"], { cwd: served.path });
    const trace = ["strace", "-f", "-y", "-qq", "-e", "trace=fsync,link,linkat", "-o", folder.at("calls")];
    const words = ["get", "-r", "-j", "1", "-q", `${server.url}/`, "copy"];
    const { code } = await runProgram([...trace, await netfileBinary(), ...words], { cwd: folder.path });
    expect(code).toBe(0);
    const calls = folder.text("calls").replaceAll(`${folder.path}/copy/`, "");
    const steps = [...calls.matchAll(/fsync\(\d+<([^>]*)>|link[^"]*"(.*\.part)".*"(.*)"/g)].map(
      ([, synced, from, to]) => (to === undefined ? synced : `${from} → ${to}`),
    );
    const saved = steps.filter((step) => step?.includes(" → "));
    expect(saved.map((step) => step?.split(" → ")[1])).toEqual(names);
    for (const step of saved) {
      const [part] = step?.split(" → ") ?? [];
      expect(steps.filter((each) => each === part)).toEqual([part]);
      expect(steps.indexOf(part)).toBeLessThan(steps.indexOf(step));
    }
    for (const parent of folders) {
      expect(steps.filter((each) => each === parent)).toEqual([parent]);
      const last = saved.findLast((step) => step?.startsWith(`${parent}/`));
      expect(steps.indexOf(parent)).toBeGreaterThan(steps.indexOf(last));
    }
    // Not all of them at the end: what has been fetched long ago is not lost with the power.
    expect(steps.indexOf("a")).toBeLessThan(steps.indexOf(saved.at(-1)));
  },
);
