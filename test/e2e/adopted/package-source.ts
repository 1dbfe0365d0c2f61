import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../platform";

/** The packages of a node that a Debian server usually lacks. */
export const LACKING = ["haproxy", "fio", "conntrack", "socat", "ebtables", "ethtool", "ipset", "age"];

/** Makes an apt source in a directory: those packages from this computer's own sources, with an index. */
export async function packageSource(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  // apt reads it as an unprivileged user.
  chmodSync(directory, 0o755);
  // Before the first update, apt knows no package.
  await must("apt-get", ["update", "-qq"]);
  await must("apt-get", ["download", "-qq", ...LACKING], { cwd: directory });
  const entries = readdirSync(directory)
    .filter((name) => name.endsWith(".deb"))
    .map(async (name) => {
      const file = join(directory, name);
      const control = await must("dpkg-deb", ["--field", file]);
      const sha256 = createHash("sha256")
        .update(new Uint8Array(readFileSync(file)))
        .digest("hex");
      return `${control.trim()}\nFilename: ./${name}\nSize: ${statSync(file).size}\nSHA256: ${sha256}\n`;
    });
  writeFileSync(join(directory, "Packages"), (await Promise.all(entries)).join("\n"));
}
