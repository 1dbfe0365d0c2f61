import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { overlays } from "./roots";
import { inScratchCopy } from "./scratch-copy";

const SEALED = "sealed-secret.yaml";
/** A component of the starter that is off: a commented line of `applications/base/kustomization.yaml`. */
const OFF = /^( *)# (- \.\.\/optional\/)/gm;

/**
 * Works on a copy of the starter that renders like the repositories made from it: each platform seals its own
 * `sealed-secret.yaml`, so every overlay that lists one has a stand-in.
 *
 * @param optional also turns on what the starter has off
 */
export async function withStandIns<T>(
  starter: string,
  optional: boolean,
  work: (copy: string) => Promise<T>,
): Promise<T> {
  return inScratchCopy(starter, async (copy) => {
    for (const overlay of overlays(copy)) addStandIn(join(copy, overlay), overlay.split("/")[1] ?? "");
    if (optional) {
      const base = join(copy, "applications", "base", "kustomization.yaml");
      writeFileSync(base, readFileSync(base, "utf8").replaceAll(OFF, "$1$2"));
    }
    return work(copy);
  });
}

function addStandIn(overlay: string, application: string): void {
  const kustomization = join(overlay, "kustomization.yaml");
  if (!existsSync(kustomization) || existsSync(join(overlay, SEALED))) return;
  const { resources = [] } = parse(readFileSync(kustomization, "utf8")) as { resources?: readonly string[] };
  if (!resources.includes(SEALED)) return;
  const metadata = { name: "stand-in", namespace: application };
  const spec = { encryptedData: { password: "A".repeat(700) }, template: { metadata } };
  const sealed = { apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", metadata, spec };
  writeFileSync(join(overlay, SEALED), stringify(sealed));
}
