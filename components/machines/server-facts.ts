/** Who a server is, as it says itself (scripts/remote/adopted/check-adopted.sh). */
export interface ServerFacts {
  readonly hostname: string;
  /** 32 hex digits. */
  readonly machineId: string;
  /** Of the interface with the node's address: `52:54:00:12:34:56`. */
  readonly mac: string;
}

const FIELDS = ["hostname", "machineId", "mac"] as const;

/**
 * Reads what the check printed on one server.
 *
 * @throws Error naming every field that is missing
 */
export function parseServerFacts(node: string, stdout: string): ServerFacts {
  const where = `[adoption] ${node}`;
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    throw new Error(`${where}: the check printed no JSON (got ${JSON.stringify(stdout.slice(0, 80))})`);
  }
  const fields = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const missing = FIELDS.filter((name) => typeof fields[name] !== "string" || fields[name] === "");
  if (missing.length > 0) throw new Error(`${where}: the check printed no usable ${missing.join(", ")}`);
  return fields as unknown as ServerFacts;
}
