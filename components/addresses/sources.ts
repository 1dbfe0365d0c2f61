/** Who may open connections to the API and to NodePorts: addresses and networks of either family. */
export interface FirewallSources {
  readonly apiSources: readonly string[];
  readonly nodePortSources: readonly string[];
}

/** The firewall of a stack's nodes. Turning it off takes a reason. */
export type Firewall = FirewallSources | { readonly off: string };
