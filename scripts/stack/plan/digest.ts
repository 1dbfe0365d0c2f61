/** The parts of `pulumi preview --json --show-sames` that make a plan. The engine has blanked every secret in it. */
export interface Digest {
  /** The stack's configuration, JSON text by full key; encrypted values are blanked. */
  readonly config?: Readonly<Record<string, string>>;
  /** Every resource, changed or not; missing when the program failed early. */
  readonly steps?: readonly Step[];
  readonly diagnostics?: readonly Diagnostic[];
  /** SHA-256 of the program that the preview ran (../access/program.ts); not from the engine. */
  readonly program?: string;
}

export interface Step {
  /** `create`, `update`, `delete`, `same`, `read`, or one of the three halves of a replacement. */
  readonly op: string;
  readonly urn: string;
  readonly oldState?: StepState;
  readonly newState?: StepState;
  /** Names of the inputs that make a replacement necessary. */
  readonly replaceReasons?: readonly string[] | null;
  /** Changed properties by path: `spec.ports[0].port`. */
  readonly detailedDiff?: Readonly<Record<string, { readonly kind: string; readonly inputDiff?: boolean }>> | null;
  /** Top-level names of what changed. */
  readonly diffReasons?: readonly string[] | null;
}

export interface StepState {
  readonly type: string;
  readonly custom: boolean;
  readonly parent?: string;
  readonly deletedWith?: string;
  readonly dependencies?: readonly string[] | null;
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>> | null;
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** Whether no update may delete or replace it. @default false */
  readonly protect?: boolean;
}

export interface Diagnostic {
  readonly urn?: string;
  readonly message: string;
  readonly severity: string;
}

/** What stands in for a secret value in a digest. */
export const SECRET = "[secret]";

/** What stands in for a value that is only known once something has been made. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
