import { X509Certificate } from "node:crypto";
import { parse } from "yaml";

/** What an update saw of the certificates that kubeadm signs for a year. Its own output, which the next one reads. */
export interface SeenCertificates {
  /** When the first of them ends, the administrator's in the state included: `2027-11-29T12:00:00Z`. Empty: no step printed it. */
  readonly notAfter: string;
  /** The `notAfter` that was the last reason to renew; empty for none. */
  readonly renewed: string;
}

/** With less time left, an update renews. Each control plane's own timer does so with less than 30 days left. */
const RENEW_DAYS = 90;

const DAY_MS = 24 * 60 * 60 * 1000;

/** Whether this update renews certificates, and those that end until when. */
interface Judgement {
  readonly due: boolean;
  /** Stays as it is until the next renewal: steps run again when it changes. Empty before the first one. */
  readonly ending: string;
}

/** Judges by dates alone, so that a preview needs no connection. */
export function renewalOf(seen: SeenCertificates | undefined, nowMs: number): Judgement {
  if (!seen?.notAfter) return { due: false, ending: seen?.renewed ?? "" };
  const due = Date.parse(seen.notAfter) - nowMs < RENEW_DAYS * DAY_MS;
  return { due, ending: due ? seen.notAfter : seen.renewed };
}

/**
 * @param turns what activate-node.sh printed on each control plane
 * @param kubeconfig the administrator's, as the state has it from now on
 * @param renewed the last renewal's `ending`
 */
export function seenCertificates(turns: readonly string[], kubeconfig: string, renewed: string): SeenCertificates {
  const ends = turns.flatMap((text) => {
    const { certificates } = JSON.parse(text) as { certificates?: Pick<SeenCertificates, "notAfter"> };
    return certificates?.notAfter ?? [];
  });
  const first = Math.min(...[...ends, ...endOf(kubeconfig)].map((end) => Date.parse(end)));
  return { notAfter: Number.isFinite(first) ? new Date(first).toISOString().replace(".000Z", "Z") : "", renewed };
}

/** When the client certificate of a kubeconfig ends, if it has one. */
function endOf(kubeconfig: string): string[] {
  const { users } = parse(kubeconfig) as { users: [{ user: { "client-certificate-data"?: string } }] };
  const encoded = users[0].user["client-certificate-data"];
  return encoded === undefined ? [] : [new X509Certificate(Buffer.from(encoded, "base64")).validTo];
}
