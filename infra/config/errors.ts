/** One thing wrong with the configuration: where, what, and what would be right. */
export interface Fault {
  key: string;
  problem: string;
  remedy: string;
}

/** `key` below pgha:cluster. */
export function fault(key: string, problem: string, remedy: string): Fault {
  return { key: `pgha:cluster.${key}`, problem, remedy };
}

export const describeFault = ({ key, problem, remedy }: Fault) => `${key}: ${problem}; ${remedy}`;

/** Every fault of a configuration at once, a line each. */
export class ConfigurationError extends Error {
  constructor(readonly faults: Fault[]) {
    const lines = faults.map((each) => `  ${describeFault(each)}`);
    super(`the configuration cannot work, nothing was touched:\n${lines.join("\n")}`);
    this.name = "ConfigurationError";
  }
}
