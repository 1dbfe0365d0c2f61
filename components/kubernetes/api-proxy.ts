/** Where every node reaches the API: its own load balancer in front of all control planes. */
export const API_PROXY_ADDRESS = "127.0.0.1:7443";

export interface ApiServer {
  readonly name: string;
  /** IPv4 address; the API listens on port 6443. */
  readonly address: string;
}

/**
 * The haproxy configuration of the API proxy.
 *
 * A server takes connections when `/readyz` answers 200 (anonymous access to it is part of Kubernetes' default roles),
 * and loses them all when it is marked down, so that kubelets reconnect elsewhere at once instead of waiting for TCP.
 * Three failures in a row are needed: a busy API server is slow to answer, and dropping it would make things worse.
 */
export function renderApiProxyConfig(servers: readonly ApiServer[]): string {
  return `global
  maxconn 1000

defaults
  mode tcp
  option redispatch
  retries 2
  timeout connect 2s
  timeout client 1h
  timeout server 1h
  timeout check 5s

frontend kube-apiserver
  bind ${API_PROXY_ADDRESS}
  default_backend control-planes

backend control-planes
  balance leastconn
  option httpchk GET /readyz
  http-check expect status 200
  default-server check check-ssl verify none inter 2s fastinter 500ms downinter 500ms fall 3 rise 1 on-marked-down shutdown-sessions
${servers.map(({ name, address }) => `  server ${name} ${address}:6443`).join("\n")}
`;
}
