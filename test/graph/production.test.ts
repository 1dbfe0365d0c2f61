/** The rules of invariants.ts over Pulumi.production.yaml. A file of its own: the program is a module, run once a process. */
import { sweep } from "./invariants";

sweep("production", {
  controlPlanes: ["198.51.100.11", "198.51.100.12", "198.51.100.13"],
  workers: ["198.51.100.21", "198.51.100.22"],
  disposable: true,
});
