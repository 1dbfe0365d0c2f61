import { AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import { BinaryReader, BinaryWriter } from "google-protobuf";

/* Field numbers of the engine's protocol, pulumi/analyzer.proto. */
const STACK_RESOURCES = 1;
const TYPE = 1;
const PROPERTIES = 2;
const PROVIDER = 6;

/** An empty Struct. */
const NO_PROPERTIES = Buffer.from([(PROPERTIES << 3) | 2, 0]);

/** Whether some rule about one resource looks at its values: the definitions of custom resources are most of the bytes. */
export function isLookedAt(type: string): boolean {
  return !type.startsWith("kubernetes:apiextensions.k8s.io/");
}

/** Whether some rule about the whole stack looks at its values. */
export function isLookedAtTogether(type: string): boolean {
  return /^(gitops-platform:|pulumi:pulumi:Stack$|command:remote:)/.test(type);
}

/**
 * Makes the service skip what no rule looks at, before it is decoded: the SDK decodes every value of every resource
 * three times, and again for each rule, which costs a preview more than a second (measured with 1.21.0).
 */
export function trimRequests(): void {
  trim(AnalyzerService.analyze, (bytes) => withoutValues(bytes, isLookedAt));
  trim(AnalyzerService.remediate, (bytes) => withoutValues(bytes, () => false));
  trim(AnalyzerService.analyzeStack, (bytes) => {
    const writer = new BinaryWriter();
    const reader = new BinaryReader(bytes);
    while (reader.nextField()) {
      if (reader.getFieldNumber() !== STACK_RESOURCES) reader.skipField();
      else writer.writeBytes(STACK_RESOURCES, withoutValues(reader.readBytes(), isLookedAtTogether));
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

/** A resource of the protocol without its provider, and without its values unless its type is wanted. */
export function withoutValues(bytes: Uint8Array, wanted: (type: string) => boolean): Uint8Array {
  const kept: Uint8Array[] = [];
  const reader = new BinaryReader(bytes);
  let type = "";
  while (reader.nextField()) {
    const start = reader.getFieldCursor();
    const field = reader.getFieldNumber();
    if (field === TYPE) type = reader.readString();
    else reader.skipField();
    if (field === PROPERTIES && !wanted(type)) kept.push(NO_PROPERTIES);
    else if (field !== PROVIDER) kept.push(bytes.subarray(start, reader.getCursor()));
  }
  return Buffer.concat(kept);
}
