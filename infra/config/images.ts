/** The Debian image that the cluster's images are built on, unless another one is named. */
export const DEFAULT_BASE = "debian:forky-slim";
