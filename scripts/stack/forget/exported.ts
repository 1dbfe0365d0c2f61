/** A stack's state as `pulumi stack export` prints it, secrets encrypted: only what is looked at here has a name. */
export interface Exported {
  readonly deployment?: Deployment | null;
  readonly [field: string]: unknown;
}

interface Deployment {
  readonly resources?: readonly Resource[];
  readonly pending_operations?: readonly { readonly type: string; readonly resource: { readonly urn: string } }[];
  readonly [field: string]: unknown;
}

export interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly parent?: string;
  /** `<urn>::<id>` */
  readonly provider?: string;
  readonly viewOf?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
  readonly deletedWith?: string;
  readonly replaceWith?: readonly string[];
  readonly protect?: boolean;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}
