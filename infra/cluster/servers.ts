import type { Server } from "./spec";

/** The servers of one service: "<cluster>-<service>-<n>". */
export function servers(cluster: string, service: string, count: number, further: string[] = []): Server[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `${service}-${index + 1}`;
    const host = `${cluster}-${name}`;
    return { name, host, address: host, certificateNames: [host, "localhost", "127.0.0.1", ...further] };
  });
}
