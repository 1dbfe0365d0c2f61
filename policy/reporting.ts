import { AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import { type AnalyzeResponse, EnforcementLevel } from "@pulumi/pulumi/proto/analyzer_pb";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { type Finding, SERVING } from "./findings";

/**
 * Writes each answer of the service to an existing file as well. Reads the encoded answers because only they carry the
 * enforcement that a site's settings lead to; a policy's own report callback does not learn it (@pulumi/policy 1.21.0).
 */
export function reportFindings(file: string): void {
  for (const method of [AnalyzerService.analyze, AnalyzerService.analyzeStack]) {
    const encode = method.responseSerialize;
    method.responseSerialize = (response) => {
      const lines = findingsOf(response).map((finding) => `${JSON.stringify(finding)}\n`);
      if (lines.length > 0) append(file, lines.join(""));
      return encode(response);
    };
  }
  append(file, `${SERVING}\n`);
}

/** Never creates the file: its reader created it, readable by nobody else. */
function append(file: string, text: string): void {
  const descriptor = openSync(file, constants.O_WRONLY | constants.O_APPEND);
  writeSync(descriptor, text);
  closeSync(descriptor);
}

function findingsOf(response: AnalyzeResponse): Finding[] {
  return response.getDiagnosticsList().map((diagnostic) => ({
    policy: diagnostic.getPolicyname(),
    urn: diagnostic.getUrn(),
    message: diagnostic.getMessage(),
    mandatory: diagnostic.getEnforcementlevel() === EnforcementLevel.MANDATORY,
  }));
}
