import type { ClusterArgs, Target } from "./target";

/** Loaded for the target that is wanted alone: the SDK of the other's provider need not be there, and takes time. */
export const targets: Record<"docker" | "aws", (args: ClusterArgs) => Target> = {
  docker: (args) => new (require("./docker/cluster") as typeof import("./docker/cluster")).DockerCluster(args),
  aws: (args) => new (require("./aws/cluster") as typeof import("./aws/cluster")).AwsCluster(args),
};
