import { AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import { BinaryReader, BinaryWriter } from "google-protobuf";
import { lineage } from "./resource";

/* Field numbers of the engine's protocol, pulumi/analyzer.proto and google/protobuf/struct.proto. */
const STACK_RESOURCES = 1;
const TYPE = 1;
const PROPERTIES = 2;
const URN = 3;
/** The provider, and for a rule about the whole stack what a resource depends on. */
const UNUSED: ReadonlySet<number> = new Set([6, 8, 9]);
const STRUCT_FIELDS = 1;
const ENTRY_KEY = 1;

/** The values of a resource that some rule looks at, by their outermost names. */
export type LookedAt = "all" | readonly string[];

const COMMAND: LookedAt = ["connection", "delete", "logging", "stdin", "triggers"];

/** Objects that describe no pods, wherever such a description could be; most of the bytes are in the first. */
const WITHOUT_PODS =
  /^kubernetes:((apiextensions|rbac\.authorization|networking)\.k8s\.io\/|core\/v1:(ConfigMap|Namespace|Service|ServiceAccount)$)/;

/** What the rules about one resource look at. */
export function lookedAt(type: string): LookedAt {
  if (type.startsWith("command:")) return COMMAND;
  if (!type.startsWith("kubernetes:") || WITHOUT_PODS.test(type)) return [];
  if (type.startsWith("kubernetes:helm")) return ["version"];
  return type === "kubernetes:core/v1:Secret" ? ["metadata"] : "all";
}

/** What the rules about the whole stack look at: outputs, which programs have for them, and what the gate measures. */
export function lookedAtTogether(type: string, urn: string): LookedAt {
  if (type === "pulumi:pulumi:Stack") return ["notices"];
  if (type === "command:remote:Command")
    return lineage(urn).includes("gitops-platform:disk-gate:DiskGate") ? ["connection"] : [];
  return type.startsWith("gitops-platform:") ? "all" : [];
}

/**
 * Makes the service skip what no rule looks at, before it is decoded: the SDK decodes every value of every resource
 * three times, and again for each rule, which costs a preview more than a second (measured with 1.21.0).
 */
export function trimRequests(): void {
  trim(AnalyzerService.analyze, (bytes) => trimmed(bytes, lookedAt));
  trim(AnalyzerService.remediate, (bytes) => trimmed(bytes, () => []));
  trim(AnalyzerService.analyzeStack, (bytes) => {
    const writer = new BinaryWriter();
    const reader = new BinaryReader(bytes);
    while (reader.nextField()) {
      if (reader.getFieldNumber() !== STACK_RESOURCES) reader.skipField();
      else writer.writeBytes(STACK_RESOURCES, trimmed(reader.readBytes(), lookedAtTogether));
    }
    return writer.getResultBuffer();
  });
}

interface Method {
  requestDeserialize: (bytes: Buffer) => unknown;
}

function trim(method: Method, trimmed: (bytes: Uint8Array) => Uint8Array): void {
  const decode = method.requestDeserialize;
  method.requestDeserialize = (bytes) => decode(Buffer.from(trimmed(bytes)));
}

/** A resource of the protocol with the wanted ones of its values, and without what it has to do with other resources. */
export function trimmed(bytes: Uint8Array, wanted: (type: string, urn: string) => LookedAt): Uint8Array {
  const kept: Uint8Array[] = [];
  let type = "";
  let urn = "";
  let values: Uint8Array = new Uint8Array();
  const reader = new BinaryReader(bytes);
  while (reader.nextField()) {
    const start = reader.getFieldCursor();
    const field = reader.getFieldNumber();
    if (field === PROPERTIES) {
      values = reader.readBytes();
      continue;
    }
    if (field === TYPE) type = reader.readString();
    else if (field === URN) urn = reader.readString();
    else reader.skipField();
    if (!UNUSED.has(field)) kept.push(bytes.subarray(start, reader.getCursor()));
  }
  const writer = new BinaryWriter();
  const look = wanted(type, urn);
  writer.writeBytes(PROPERTIES, look === "all" ? values : withFields(values, look));
  return Buffer.concat([...kept, writer.getResultBuffer()]);
}

/** A Struct of the protocol with some of its fields. */
function withFields(struct: Uint8Array, names: readonly string[]): Uint8Array {
  if (names.length === 0) return new Uint8Array();
  const kept: Uint8Array[] = [];
  const reader = new BinaryReader(struct);
  while (reader.nextField()) {
    const start = reader.getFieldCursor();
    const named = reader.getFieldNumber() === STRUCT_FIELDS && names.includes(keyOf(reader.readBytes()));
    if (named) kept.push(struct.subarray(start, reader.getCursor()));
  }
  return Buffer.concat(kept);
}

function keyOf(entry: Uint8Array): string {
  const reader = new BinaryReader(entry);
  while (reader.nextField()) {
    if (reader.getFieldNumber() === ENTRY_KEY) return reader.readString();
    reader.skipField();
  }
  return "";
}
