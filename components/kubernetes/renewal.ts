import * as pulumi from "@pulumi/pulumi";
import type { Machine } from "../machines/machine";
import { type RemoteStep, scriptText } from "../remote/remote-step";
import { renewalOf, type SeenCertificates, seenCertificates } from "./certificates";
import { isOfFirstRelease, type LastUpdate } from "./last-update";

/**
 * Renews a cluster's certificates by their age, which the last update saw, and reissues the API's for another endpoint: a preview
 * opens no connection.
 */
export class Renewal {
  /** Certificates that end until then are renewed. It changes with each renewal, and steps with it run again. */
  readonly ending: pulumi.Output<string>;
  private readonly due: pulumi.Output<boolean>;

  /** @param endpoint that the stack file sets */
  constructor(
    private readonly last: pulumi.Output<LastUpdate>,
    endpoint: string | undefined,
  ) {
    const judged = last.apply(({ certificates }) => renewalOf(certificates, Date.now()));
    this.ending = judged.ending;
    this.due = pulumi.all([last, judged.due]).apply(([{ endpoint: old }, due]) => {
      return due || (endpoint !== undefined && old !== undefined && endpoint !== old);
    });
  }

  /** The steps that renew or reissue, for what has to wait for them; nothing in other updates. */
  by(steps: readonly pulumi.Resource[]): pulumi.Output<pulumi.Resource[]> {
    return this.due.apply((due): pulumi.Resource[] => (due ? [...steps] : []));
  }

  /** A preview of a renewal goes on with the old one: a provider whose kubeconfig is unknown can't compare anything. */
  kubeconfig({ stdout }: RemoteStep): pulumi.Output<string> {
    const known = pulumi.all([this.last, this.due]).apply(([last, due]) => {
      const goesOn = due || isOfFirstRelease(last);
      return goesOn && pulumi.runtime.isDryRun() && last.kubeconfig !== undefined ? last.kubeconfig : stdout;
    });
    return pulumi.secret(known);
  }

  /** @param turns the activations of the control planes */
  seen(turns: readonly RemoteStep[], kubeconfig: RemoteStep): pulumi.Output<SeenCertificates> {
    const printed = pulumi.all(turns.map((step) => pulumi.unsecret(step.stdout)));
    return pulumi
      .all([printed, pulumi.unsecret(kubeconfig.stdout), this.ending])
      .apply(([texts, config, ending]) => seenCertificates(texts, config, ending));
  }
}

/** What a control plane's timer runs, as variables. Each has an hour of the day, so that no two renew at the same time. */
export function renewalTimer(node: Machine, controlPlanes: readonly Machine[]): Record<string, string> {
  const hour = controlPlanes.findIndex(({ name }) => name === node.name);
  if (hour < 0) return { RENEWAL_SCRIPT: "", RENEWAL_HOUR: "" };
  const others = controlPlanes.filter(({ name }) => name !== node.name);
  const script = scriptText("kubernetes/renew-certificates.sh", {
    NODE_NAME: node.name,
    NODE_ADDRESS: node.address,
    OTHER_CONTROL_PLANES: others.map(({ address }) => address).join(" "),
  });
  return { RENEWAL_SCRIPT: script, RENEWAL_HOUR: String(hour % 24).padStart(2, "0") };
}
