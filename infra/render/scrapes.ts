/** One thing that Prometheus collects of each server of a service. */
export interface Scrape {
  /** Its name there. */
  job: string;
  /**
   * https: from the server itself, by the certificates of the stack. postgres, pgbouncer: by SQL, through an exporter beside
   * Prometheus. tls: its certificate alone. local: from an exporter, whose port is closed to the network.
   */
  by: "https" | "postgres" | "pgbouncer" | "tls" | "local";
  /** Inside its container. */
  port: number;
  /** Seconds between two. */
  interval: number;
  /** It asks for the operators' password. */
  password?: boolean;
  /** Names of what is kept of it, where it says more than is of use. */
  keep?: string[];
}
