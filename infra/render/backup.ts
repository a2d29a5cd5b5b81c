import { ClusterSpec } from "../cluster/spec";
import { MIB } from "../config/units";
import { render, RenderedFile } from "./template";

/** pgBackRest on the server that keeps the repository. Source of its options: pgBackRest's configuration reference, 2.60. */
export function repositoryFile({ name, members }: ClusterSpec): RenderedFile {
  const view = { cluster: name, members: members.map(({ host }, index) => ({ host, number: index + 1 })) };
  return { path: "/etc/pgha/repository.conf", content: render("repository.conf", { ...view, clients: view.members.map(({ host }) => ({ host, cluster: name })) }) };
}

/** pgBackRest on a server of Postgres: archives to the repository, and is read by it. */
export function memberBackupFile({ name, backup }: ClusterSpec): RenderedFile[] {
  if (!backup) return [];
  const [{ host }] = backup.servers;
  return [{ path: "/etc/pgha/pgbackrest.conf", content: render("pgbackrest.conf", { cluster: name, repository: host, queue: `${Math.floor(backup.queue / MIB)}MiB` }) }];
}

/** When backups are made and how long they are kept, for the program that makes them. */
export function scheduleFile({ name, backup }: ClusterSpec): RenderedFile {
  return { path: "/etc/pgha/backup.json", content: render("backup.json", { cluster: name, ...backup }) };
}
