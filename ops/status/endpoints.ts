import { describeFailure } from "../failure";
import { connect, ConnectOptions, hangUp, maskUrl } from "../postgresUrl";
import { Endpoint } from "./report";

/** Goes the way of a client, hosts in turn, to a real answer of Postgres; never throws. */
export async function askEndpoint(name: string, url: string, options: ConnectOptions): Promise<Endpoint> {
  const endpoint = { name, url: maskUrl(url) };
  try {
    const started = performance.now();
    const { client, at } = await connect(url, options);
    try {
      const connected = performance.now();
      const { rows } = await client.query<{ recovering: boolean }>("SELECT pg_is_in_recovery() AS recovering");
      return {
        ...endpoint,
        host: `${at.host}:${at.port}`,
        reaches: rows[0].recovering ? "standby" : "primary",
        connectMilliseconds: Math.round(connected - started),
        queryMilliseconds: Math.round((performance.now() - connected) * 10) / 10,
      };
    } finally {
      hangUp(client);
    }
  } catch (error) {
    return { ...endpoint, error: describeFailure(error) };
  }
}
