import type { Provider } from "../resource";
import { container } from "./container";
import { image } from "./image";
import { network } from "./network";
import { volume } from "./volume";

/** Stands in for the official docker plugin, where that cannot be had. */
export const standInDocker: Provider = {
  name: "docker",
  version: "5.2.0",
  resources: {
    "docker:index/container:Container": container,
    "docker:index/image:Image": image,
    "docker:index/network:Network": network,
    "docker:index/volume:Volume": volume,
  },
};
