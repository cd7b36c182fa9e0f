/** `netfile get -r` against `netfile serve`, as their users run them. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { runNetfile, startNetfile } from "../support/netfile-binary.ts";
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
