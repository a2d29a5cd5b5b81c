import type { Severity } from "./check";

/** What `pgha doctor --json` prints. Stable: keys may be added, none changes its meaning. */
export interface DoctorReport {
  cluster: string;
  stack: string;
  /** When it was asked, ISO 8601. */
  time: string;
  /** How long that took. */
  seconds: number;
  /** Ids of the checks that were made. */
  checks: string[];
  /** The most severe first. */
  findings: Finding[];
  /** What cannot be told yet, or from here. No fault. */
  unknown: { check: string; where: string; why: string }[];
  /** What should have been seen and was not; it may have findings. */
  missed: string[];
}

export interface Finding {
  check: string;
  title: string;
  severity: Severity;
  /** "postgres-2", "database app", "cluster". */
  where: string;
  evidence: string;
  cause: string;
  /** SQL or a command. */
  mend: string;
  /** Of the mend. */
  risk: string;
}
