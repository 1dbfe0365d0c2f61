import type { Drill } from "../drill";
import { adopted } from "./adopted";
import { cleanStop } from "./clean-stop";
import { interruptedUp } from "./interrupted-up";
import { mainJob } from "./main-job";
import { networkPolicy } from "./network-policy";
import { preview } from "./preview";
import { rebuild } from "./rebuild";
import { sealOffline } from "./seal-offline";
import { secrets } from "./secrets";
import { selfHeal } from "./self-heal";
import { slowDisk } from "./slow-disk";
import { threeControlPlanes } from "./three-control-planes";

/** Every drill, in the order in which `all` runs them: those that share a running platform stand together. */
export const drills: readonly Drill[] = [
  mainJob,
  preview,
  selfHeal,
  sealOffline,
  networkPolicy,
  secrets,
  adopted,
  rebuild,
  slowDisk,
  interruptedUp,
  threeControlPlanes,
  cleanStop,
];
