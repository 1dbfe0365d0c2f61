// Does not prove that webpack builds the pages, or that they work: packages/mirror/test/built and the drill `ui` do.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GO_COMPONENTS, LATER_ARGOCD, laterArgoCd } from "../../catalogue/go-components";
import { goUnit } from "../../units/go-component";
import { isMadeFrom, unitKey } from "../../units/unit";
import { declareUnits } from "../../catalogue/units";

const FOLDER = join(__dirname, "../../argocd-ui");
const read = (name: string): unknown => JSON.parse(readFileSync(join(FOLDER, name), "utf8"));

interface Package {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const lock = (): Readonly<Record<string, Package>> =>
  (read("package-lock.json") as { packages: Record<string, Package> }).packages;

describe("the pages of Argo CD", () => {
  const units = declareUnits("go1.26.8");
  const [pages] = units.go.argocd.needs;

  it("are in the program and its image, and are built before both", () => {
    expect(pages?.name).toBe("argocd-ui");
    if (!pages) return;
    expect(isMadeFrom(units.images.argocd, [pages])).toBe(true);
    expect(units.ordered.indexOf(pages)).toBeLessThan(units.ordered.indexOf(units.go.helm));
    expect(units.ordered.filter((unit) => isMadeFrom(unit, [pages])).map(({ name }) => name)).toEqual([
      "argocd-ui",
      "argocd",
      "image-argocd",
    ]);
  });

  it("don't depend on the Go toolchain, and report the version of the program", () => {
    const [other] = declareUnits("go1.27.0").go.argocd.needs;
    expect(pages && other && unitKey(pages) === unitKey(other)).toBe(true);
    expect(GO_COMPONENTS.argocd.pages.env.ARGO_VERSION).toBe(`v${GO_COMPONENTS.argocd.version}`);
  });

  it("are missing in later releases, whose pages need other packages", () => {
    for (const version of LATER_ARGOCD) expect(goUnit(laterArgoCd(version), "go1.26.8").needs).toEqual([]);
  });

  it("are built from packages with checksums, from no named registry", () => {
    const packages = Object.entries(lock()).filter(([path]) => path !== "");
    expect(packages.length).toBeGreaterThan(400);
    expect(packages.filter(([, { integrity }]) => !integrity?.startsWith("sha512-")).map(([path]) => path)).toEqual([]);
    expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  it("are built from what package.json asks for", () => {
    const { dependencies } = read("package.json") as Package;
    expect(lock()[""]?.dependencies).toEqual(dependencies);
    expect(dependencies?.["argo-ui"]).toBe("1.0.0");
  });
});
