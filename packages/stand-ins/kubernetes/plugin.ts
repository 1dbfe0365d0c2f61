import type { EngineLog } from "../protocol/engine-log";
import { notCovered } from "../protocol/plugin-service";
import type * as plugin from "../protocol/provider-plugin";
import type { PropertyMap } from "../protocol/property-value";
import { ClusterConnection } from "./cluster-connection";
import { createObject } from "./creation";
import { loadClusterAccess } from "./kubeconfig";
import { diffObject } from "./object-diff";
import { checkFailures, checkInputs } from "./object-inputs";
import { ObjectStore } from "./object-store";
import { diffProviderConfig, parseProviderConfig, type ProviderConfig } from "./provider-config";
import { readObject } from "./reading";
import { deleteObject } from "./removal";
import type { Session } from "./session";
import { updateObject } from "./update";

/** The stand-in for Pulumi's kubernetes plugin: objects of any kind, by server-side apply. The README says what it leaves out. */
export class KubernetesPlugin implements plugin.ProviderPlugin {
  readonly name = "kubernetes";
  readonly version = "4.34.2";
  private configured: Session | undefined;

  constructor(private readonly log: EngineLog) {}

  diffConfig({ olds, news }: plugin.DiffRequest): Promise<plugin.DiffResult> {
    return Promise.resolve(diffProviderConfig(olds, news));
  }

  /** Remembers the config. Nothing is connected before an operation needs it. */
  configure(inputs: PropertyMap): Promise<void> {
    const config: ProviderConfig = parseProviderConfig(inputs);
    const cluster = new ClusterConnection(() => loadClusterAccess(config));
    this.configured = { config, store: new ObjectStore(cluster), log: this.log };
    return Promise.resolve();
  }

  check(request: plugin.CheckRequest): Promise<plugin.CheckResult> {
    const inputs = checkInputs(request, this.session.config);
    return Promise.resolve({ inputs, failures: checkFailures(inputs, request.type) });
  }

  diff(request: plugin.DiffRequest): Promise<plugin.DiffResult> {
    return Promise.resolve(diffObject(request, this.session.config));
  }

  create(request: plugin.CreateRequest): Promise<plugin.ResourceState> {
    return createObject(this.session, request);
  }

  update(request: plugin.UpdateRequest): Promise<PropertyMap> {
    return updateObject(this.session, request);
  }

  delete(request: plugin.DeleteRequest): Promise<void> {
    return deleteObject(this.session, request);
  }

  read(request: plugin.ReadRequest): Promise<plugin.ReadState | undefined> {
    return readObject(this.session, request);
  }

  invoke({ token }: plugin.InvokeRequest): Promise<PropertyMap> {
    return Promise.reject(notCovered(this, `the function ${token}`));
  }

  private get session(): Session {
    if (this.configured === undefined) throw new Error("kubernetes provider — used before it was configured");
    return this.configured;
  }
}
