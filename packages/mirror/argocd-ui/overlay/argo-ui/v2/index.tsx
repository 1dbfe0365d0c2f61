/**
 * The entry `argo-ui/v2` of Argo CD 2.7's pages. The release of argo-ui on the npm registry lacks it; this is written from
 * the uses of its names in Argo CD.
 */
import "./styles/dark.scss";

export * from "./autocomplete";
export * from "./controls";
export * from "./data";
export * from "./keybindings";
export * from "./keys";
export * from "./nav";
export * from "./tooltip";
