/** The addresses in a trace of strace that aren't this computer's loopback, as `<address>:<port>`, each once. */
export function outsideAddresses(trace: string): readonly string[] {
  const addresses = trace.split("\n").flatMap((line) => {
    const v4 = /sin_port=htons\((\d+)\), sin_addr=inet_addr\("([\d.]+)"\)/.exec(line);
    const v6 = /sin6_port=htons\((\d+)\).*inet_pton\(AF_INET6, "([^"]+)"/.exec(line);
    const [, port = "", address = ""] = v4 ?? v6 ?? [];
    return address && address !== "127.0.0.1" && address !== "::1" ? [`${address}:${port}`] : [];
  });
  return [...new Set(addresses)];
}
