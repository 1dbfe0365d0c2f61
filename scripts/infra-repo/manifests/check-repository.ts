import { join } from "node:path";
import { ENVIRONMENT_RULES, imagesInMirror } from "./environment-rules";
import { type Environment, environmentNames, overlays, renderEnvironment } from "./environments";
import { withoutExceptions } from "./exceptions";
import { plainSecretFiles, readFiles } from "./files";
import { type Finding, sentences } from "./finding";
import { type Render, RenderError } from "./kustomize";
import { OBJECT_RULES } from "./object-rules";
import { nameOf } from "./rendered";
import type { Schemas } from "./schemas";

export interface CheckArgs {
  /** Absolute path of the infrastructure repository. */
  readonly repository: string;
  readonly render: Render;
  readonly schemas: Schemas;
  /** References of the images that the local platform can pull; unset: not checked. */
  readonly mirrorImages?: ReadonlySet<string>;
}

export interface CheckResult {
  /** Everything that is wrong, a sentence each. */
  readonly problems: readonly string[];
  /** What was looked at. */
  readonly environments: readonly Environment[];
  readonly objects: number;
}

/** Renders and judges everything in a repository: files, every root path and what it leads to, every overlay. */
export async function checkRepository(args: CheckArgs): Promise<CheckResult> {
  const { repository, render } = args;
  const files = readFiles(repository);
  const findings: Finding[] = [...files.findings, ...plainSecretFiles(files.documents)];

  const environments: Environment[] = [];
  for (const [name, rootPath] of environmentNames(repository))
    environments.push(await renderEnvironment(render, repository, name, rootPath));
  if (environments.length === 0) {
    const text = "holds no overlay below apps/; give the folder that has applications/ and apps/";
    return { problems: [`${repository} — ${text}`], environments, objects: 0 };
  }
  const parts = new Map(environments.flatMap(({ parts: all }) => all.map((part) => [part.place, part.objects])));
  findings.push(...environments.flatMap((environment) => environment.findings));
  findings.push(...environments.flatMap((environment) => ENVIRONMENT_RULES.flatMap((rule) => rule(environment))));
  const { mirrorImages } = args;
  const local = environments.filter(({ name }) => name === "local");
  if (mirrorImages) findings.push(...local.flatMap((environment) => imagesInMirror(environment, mirrorImages)));

  // Overlays that no Application points at today are somebody's next step.
  for (const place of overlays(repository)) {
    if (parts.has(place) || findings.some((finding) => finding.place === place)) continue;
    try {
      parts.set(place, await render(join(repository, place)));
    } catch (error) {
      if (!(error instanceof RenderError)) throw error;
      findings.push({
        rule: "render",
        place,
        text: `can't be rendered: ${error.message}; correct the file and render again`,
      });
    }
  }
  for (const [place, objects] of parts) {
    for (const object of objects) {
      const complaints = [...args.schemas.check(object), ...OBJECT_RULES.flatMap((rule) => rule(object))];
      findings.push(...complaints.map((complaint) => ({ place, object: nameOf(object), ...complaint })));
    }
  }
  const objects = [...parts.values()].reduce((sum, list) => sum + list.length, 0);
  return { problems: sentences(withoutExceptions(findings, repository)), environments, objects };
}
