import type { Drill } from "../drill";
import { adopted } from "./adopted";
import { brokenManifest } from "./broken-manifest";
import { certificates } from "./certificates";
import { cleanStop } from "./clean-stop";
import { drift } from "./drift";
import { environments } from "./environments";
import { fromLastRelease } from "./from-last-release";
import { hardening } from "./hardening";
import { interruptedUp } from "./interrupted-up";
import { kvmWorker } from "./kvm-worker";
import { lostFirstControlPlane } from "./lost-first-control-plane";
import { mainJob } from "./main-job";
import { mergeRequest } from "./merge-request";
import { networkPolicy } from "./network-policy";
import { preview } from "./preview";
import { rebuild } from "./rebuild";
import { restore } from "./restore";
import { rolling } from "./rolling";
import { rotateSealingKey } from "./rotate-sealing-key";
import { sealOffline } from "./seal-offline";
import { secrets } from "./secrets";
import { selfHeal } from "./self-heal";
import { slowDisk } from "./slow-disk";
import { slowDiskLater } from "./slow-disk-later";
import { stateful } from "./stateful";
import { threeControlPlanes } from "./three-control-planes";
import { ui } from "./ui";
import { upgrade } from "./upgrade";
import { upgradeArgoCd } from "./upgrade-argocd";

/** Every drill, in the order of `all`. Drills that share a running platform follow each other. */
export const drills: readonly Drill[] = [
  mergeRequest,
  mainJob,
  preview,
  selfHeal,
  brokenManifest,
  stateful,
  sealOffline,
  networkPolicy,
  ui,
  hardening,
  environments,
  rotateSealingKey,
  secrets,
  drift,
  kvmWorker,
  adopted,
  rebuild,
  restore,
  slowDisk,
  interruptedUp,
  threeControlPlanes,
  upgrade,
  lostFirstControlPlane,
  certificates,
  slowDiskLater,
  upgradeArgoCd,
  rolling,
  fromLastRelease,
  cleanStop,
];
