import type { z } from "zod";
import * as field from "./fields";

const MIN_REASON = 10;
export const reason = (example: string): z.ZodString =>
  field.text(
    { need: `a reason of at least ${MIN_REASON} characters`, example },
    (value) => value.trim().length >= MIN_REASON,
  );

const sources = field
  .list({ need: "a list of IP addresses and networks", example: "[203.0.113.7]" }, field.source("203.0.113.0/24"))
  .optional();

/** What a stack is refused, unless it gives a reason. */
export const exception = (example: string): z.ZodOptional<z.ZodObject<{ reason: z.ZodString }, z.core.$strict>> =>
  field.section({ reason: reason(example).describe("Why.") }).optional();

export const network = field
  .section({
    cidr: field.network("10.78.0.0/24").describe("The network that all nodes share."),
    gateway: field.address("10.78.0.1").optional().describe("Gateway of guests; unset: none."),
    resolvers: field
      .list({ need: "a list of IPv4 addresses", example: "[10.78.0.1]" }, field.address("10.78.0.1"))
      .default([])
      .describe("Name servers of guests."),
    apiSources: sources.describe("Who reaches the API beside the nodes; unset: cidr, unless its addresses are public."),
    nodePortSources: sources.describe("Who reaches NodePorts beside the nodes; unset: as for apiSources."),
    withoutFirewall: exception('"a firewall of the provider has the same rules"').describe(
      "Leaves the nodes without a firewall of the stack's own.",
    ),
    unencrypted: exception('"a private link of the provider connects the servers"').describe(
      "Lets pod traffic between adopted servers with public addresses go unencrypted.",
    ),
  })
  .describe("The network of the nodes, and who reaches them. Gateway and resolvers are for guests.");
