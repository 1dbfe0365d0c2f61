import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

type Severity = "debug" | "info" | "warning" | "error";

const SEVERITIES: Record<Severity, LogSeverity> = {
  debug: LogSeverity.DEBUG,
  info: LogSeverity.INFO,
  warning: LogSeverity.WARNING,
  error: LogSeverity.ERROR,
};

/** Messages to the user, through the engine, in the order they were given. A message that can't be delivered is dropped. */
export class EngineLog {
  private client: EngineClient | undefined;
  private last: Promise<void> = Promise.resolve();
  private readonly notes = new Map<string, string>();

  /** @param address host:port of the engine; without it messages are dropped */
  constructor(address: string | undefined) {
    if (address !== undefined) this.connect(address);
  }

  /** Points the log at another engine. */
  connect(address: string): void {
    this.client?.close();
    this.client = new EngineClient(address, credentials.createInsecure());
  }

  /** Drops every message from now on. */
  disconnect(): void {
    this.client?.close();
    this.client = undefined;
  }

  /** A line that stays in the output. `urn` names the resource it concerns, empty for none. */
  write(severity: Severity, urn: string, message: string): void {
    this.send(severity, urn, message, false);
  }

  /** A progress note beside the resource, replaced by the next one; an empty one removes it. Repetitions are dropped. */
  status(urn: string, message: string): void {
    if ((this.notes.get(urn) ?? "") === message) return;
    this.notes.set(urn, message);
    this.send("info", urn, message, true);
  }

  /** Resolves once everything written so far has been handed over. */
  flush(): Promise<void> {
    return this.last;
  }

  private send(severity: Severity, urn: string, message: string, ephemeral: boolean): void {
    const client = this.client;
    if (client === undefined) return;
    const request = new LogRequest();
    request.setSeverity(SEVERITIES[severity]);
    request.setUrn(urn);
    request.setMessage(message);
    request.setEphemeral(ephemeral);
    this.last = this.last.then(() => new Promise<void>((done) => void client.log(request, () => done())));
  }
}
