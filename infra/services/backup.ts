import type { BackupServer } from "../cluster/spec";
import { MIB } from "../config/units";
import { repositoryFile, scheduleFile } from "../render/backup";
import { postgres } from "./postgres";
import type { Service } from "./service";

/** Keeps the backups and the WAL archive, and makes them; its loss stops no writes. On Docker alone yet. */
export const backup: Service<BackupServer> = {
  kind: "backup",
  servers: (spec) => spec.backup?.servers ?? [],
  // pgBackRest's 8432 is for the network of the containers, where nothing is closed
  ports: [],
  files: (spec) => (spec.backup ? [repositoryFile(spec), scheduleFile(spec)] : []),
  secrets: (spec) => (spec.backup ? [{ name: "repository_passphrase", text: "{{backupRepository}}" }] : []),
  backedUp: true,
  needs: [],
  waitsFor: [],
  container: {
    // That of the servers of Postgres, with its programs
    image: postgres.container.image,
    volume: "/var/lib/pgbackrest",
    memory: () => 512 * MIB,
    stopSeconds: () => 20,
    healthInterval: 10,
    waitSeconds: 0,
  },
  machine: { role: "postgres", user: "postgres", packages: () => [], programs: {}, units: () => [] },
};
