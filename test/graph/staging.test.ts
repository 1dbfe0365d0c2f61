/** The rules of invariants.ts over Pulumi.staging.yaml. A file of its own: the program is a module, run once a process. */
import { sweep } from "./invariants";

sweep("staging", { controlPlanes: ["192.0.2.11"], workers: ["192.0.2.21"], disposable: true });
