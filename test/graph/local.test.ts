/** The rules of invariants.ts over Pulumi.local.yaml. A file of its own: the program is a module, run once a process. */
import { sweep } from "./invariants";

sweep("local", { controlPlanes: ["10.78.0.11"], workers: ["10.78.0.21", "10.78.0.22"], disposable: true });
