import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tmpdir } from "node:os";
import { run } from "./units/command";
import { MirrorError } from "./units/failure";
import {
  ARGOCD_VERSION,
  FLANNEL_VERSION,
  KUBERNETES_VERSION,
  LATER_ARGOCD,
  SEALED_SECRETS_VERSION,
} from "./catalogue/go-components";
import { cacheDirectory } from "./cache-directory";
import { MirrorLayout } from "./publish/layout";

/**
 * The manifests that the program applies, copied from the Go modules that the mirror builds, so that a preview needs no
 * network. `tsx packages/mirror/vendor-manifests.ts` writes them, `--check` compares them.
 */
interface VendoredManifest {
  /** Its committed file, relative to the project. */
  readonly file: string;
  /** Folder below packages/mirror/modules whose go.mod pins the module. */
  readonly component: string;
  readonly module: string;
  /** A file of the module, or a Helm chart to render. */
  readonly path: string;
  /** Arguments of `helm template` behind the chart's directory. */
  readonly chart?: readonly string[];
}

const PROJECT = join(__dirname, "..", "..");
const LOG = join(tmpdir(), "vendor-manifests.log");

export const VENDORED_MANIFESTS: readonly VendoredManifest[] = [
  {
    file: `components/gitops/manifests/argocd-v${ARGOCD_VERSION}-install.yaml`,
    component: "argocd",
    module: "github.com/argoproj/argo-cd/v2",
    path: "manifests/install.yaml",
  },
  ...LATER_ARGOCD.map((version) => ({
    file: `components/gitops/manifests/argocd-v${version}-install.yaml`,
    component: `argocd-${version}`,
    module: "github.com/argoproj/argo-cd/v2",
    path: "manifests/install.yaml",
  })),
  {
    // Chart 2.18.4 in the module of controller 0.36.6.
    file: "components/gitops/manifests/sealed-secrets-2.18.4.yaml",
    component: "sealed-secrets",
    module: "github.com/bitnami-labs/sealed-secrets",
    path: "helm/sealed-secrets",
    chart: [
      ...["--namespace", "kube-system", "--include-crds", "--kube-version", KUBERNETES_VERSION],
      // The name that kubeseal looks for.
      ...["--set-string", "fullnameOverride=sealed-secrets-controller"],
      ...["--set-string", `image.tag=${SEALED_SECRETS_VERSION}`],
      // The controller makes no key of its own every 30 days: a rebuild would lose what is sealed with it.
      ...["--set-string", "keyrenewperiod=0"],
    ],
  },
  {
    file: `components/kubernetes/manifests/kube-flannel-v${FLANNEL_VERSION}.yaml`,
    component: "flannel",
    module: "github.com/flannel-io/flannel",
    path: "Documentation/kube-flannel.yml",
  },
];

/** The manifest from the module, or rendered from its chart. */
export async function produceManifest(manifest: VendoredManifest): Promise<string> {
  const cwd = join(__dirname, "modules", manifest.component);
  const go = (...args: string[]): Promise<string> =>
    run("go", args, { label: `${manifest.file}: go ${args[0]}`, log: LOG, cwd });
  await go("mod", "download", manifest.module);
  const source = join(
    (await go("list", "-mod=readonly", "-m", "-f", "{{.Dir}}", manifest.module)).trim(),
    manifest.path,
  );
  if (!manifest.chart) return readFileSync(source, "utf8");
  const helm = join(new MirrorLayout(cacheDirectory()).bin, "helm");
  if (!existsSync(helm)) throw new MirrorError(`${helm} — does not exist — build it first with npm run mirror`);
  return run(helm, ["template", "sealed-secrets", source, ...manifest.chart], {
    label: `${manifest.file}: helm`,
    log: LOG,
  });
}

/** The text of the SHA256SUMS file beside manifests, in `sha256sum`'s own form. */
export function checksumsFile(manifests: ReadonlyMap<string, string>): string {
  return [...manifests]
    .map(([name, text]) => `${createHash("sha256").update(text).digest("hex")}  ${name}\n`)
    .sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1))
    .join("");
}

async function main(): Promise<void> {
  const check = process.argv.includes("--check");
  const directories = new Map<string, Map<string, string>>();
  const outputs: [string, string][] = [];
  for (const manifest of VENDORED_MANIFESTS) {
    const text = await produceManifest(manifest);
    outputs.push([manifest.file, text]);
    const directory = dirname(manifest.file);
    const entries = directories.get(directory) ?? new Map<string, string>();
    directories.set(directory, entries.set(manifest.file.slice(directory.length + 1), text));
  }
  for (const [directory, entries] of directories) outputs.push([join(directory, "SHA256SUMS"), checksumsFile(entries)]);
  for (const [file, text] of outputs) {
    const path = join(PROJECT, file);
    if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
    if (check)
      throw new MirrorError(
        `${file} — differs from its source — run tsx packages/mirror/vendor-manifests.ts and look at the difference`,
      );
    writeFileSync(path, text);
    process.stdout.write(`written: ${file}\n`);
  }
}

if (require.main === module) {
  main().catch((cause: unknown) => {
    process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
    process.exitCode = 1;
  });
}
