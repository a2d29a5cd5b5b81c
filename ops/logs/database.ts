import { Client } from "pg";
import * as pgha from "../../clients/node/pgha";
import { Outputs } from "../outputs";

/** A session of the superuser's on the primary, in the application database. No statement of it makes a writer wait for longer than 0.5 s. */
export async function openSession(outputs: Outputs): Promise<Client> {
  const [credentials] = /\/\/[^@]*@/.exec(outputs.superuserUrls[0])!;
  const client = await pgha.connect(outputs.haproxyWriteUrl.replace(/\/\/[^@]*@/, credentials), {
    ssl: { ca: outputs.caCertificate },
    application_name: "pgha-logs",
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    writable: true,
    // A client that was killed is noticed, and lets go of the lock of archivers
    options: "-c search_path=pg_catalog -c timezone=UTC -c datestyle=ISO -c lock_timeout=500ms -c statement_timeout=0 -c client_connection_check_interval=1s",
  });
  client.on("error", () => undefined);
  // Whatever is set for all: its long steps wait for a disk or a bucket. Not every version knows each of them
  await client.query("SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('transaction_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout')");
  return client;
}
