import table from "./prices/us-east-1.json";

interface InstanceType {
  architecture: string;
  cores: number;
  memoryGiB: number;
  /** Price of an hour. */
  hour: number;
}

/** Dated; the file says where the prices are from. */
export const prices: Omit<typeof table, "instances"> & { instances: Record<string, InstanceType | undefined> } = table;
