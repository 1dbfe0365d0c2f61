import { isGiven, type Resource } from "../resource";
import type { StackRule } from "../rule";

/** The provider, `pulumi:providers:kubernetes`, is not in the cluster. */
const isInCluster = ({ type }: Resource): boolean => type.startsWith("kubernetes:");

export const deletedWith: StackRule = {
  name: "deleted-with",
  description: "What is in a cluster goes with it, so that a cluster that is dead or gone blocks no destroy.",
  enforcement: "mandatory",
  comply:
    "pass { deletedWith: cluster.disposedWith } to the component, and let it state so in its outputs (deletedWithOutput)",
  stack: ({ resources }) => {
    const byURN = new Map(resources.map((resource) => [resource.urn, resource]));
    return resources
      .filter((resource) => isInCluster(resource) && !goesWithCluster(resource, byURN))
      .map(({ urn }) => ({ urn, text: "has no deletedWith: a destroy would wait for an API that may be gone" }));
  },
};

/** Children go with what their component goes with; what Pulumi doesn't tell, the components say in their outputs. */
function goesWithCluster(resource: Resource, byURN: ReadonlyMap<string, Resource>): boolean {
  for (let up: Resource | undefined = resource; up; up = byURN.get(up.parent)) {
    if (up.deletedWith === undefined ? isGiven(up.values["deletedWith"]) : up.deletedWith !== "") return true;
  }
  return false;
}
