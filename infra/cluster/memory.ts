import { ProfileName } from "./spec";
import { profiles } from "./profiles";
import { clampTo, GIB, KIB, MIB } from "../config/units";

/** How a server's memory is shared out. Bytes, but for the connections. */
export interface MemoryPlan {
  maxConnections: number;
  sharedBuffers: number;
  walBuffers: number;
  workMem: number;
  maintenanceWorkMem: number;
  /** Of each of AUTOVACUUM_WORKERS. */
  autovacuumWorkMem: number;
}

/** Below it the floors do not fit. */
export const LEAST_MEMORY = 384 * MIB;
export const AUTOVACUUM_WORKERS = 3;

/** Of one connection beside work_mem: 1.6 MiB were measured idle in a pool, 3.2 MiB of one that had read much of the catalogue. */
const CONNECTION = 3 * MIB;
/** Patroni and Postgres's own processes: 32 and 25 MiB were measured. */
const PROCESSES = 64 * MIB;

/** Shares that fit the server together, with a work_mem for every connection and parallel worker, and a tenth left to the system. */
export function planMemory(profile: ProfileName, memory: number, cores: number): MemoryPlan {
  const maxConnections = clampTo(1, memory / (12 * MIB), 40, profiles[profile].connections);
  const sharedBuffers = clampTo(16 * MIB, memory / 4, 96 * MIB);
  const plan = {
    maxConnections,
    sharedBuffers,
    walBuffers: clampTo(MIB, sharedBuffers / 16, 4 * MIB, 64 * MIB),
    maintenanceWorkMem: clampTo(MIB, memory / 16, 16 * MIB, 2 * GIB),
    autovacuumWorkMem: clampTo(MIB, memory / 32, 8 * MIB, GIB),
  };
  const left = memory * 0.9 - neededMemory({ ...plan, workMem: 0 }, cores);
  return { ...plan, workMem: clampTo(64 * KIB, left / (maxConnections + cores), 512 * KIB, 256 * MIB) };
}

/** What all of it takes when it is used at once. Bytes. */
export function neededMemory(plan: MemoryPlan, cores: number): number {
  const { maxConnections, sharedBuffers, walBuffers, workMem, maintenanceWorkMem, autovacuumWorkMem } = plan;
  return sharedBuffers + walBuffers + PROCESSES + maxConnections * CONNECTION + (maxConnections + cores) * workMem
    + maintenanceWorkMem + AUTOVACUUM_WORKERS * autovacuumWorkMem;
}
