import type { Provider } from "../resource";
import { randomId } from "./randomId";
import { randomPassword } from "./randomPassword";

/** Stands in for the official random plugin, where that cannot be had. */
export const standInRandom: Provider = {
  name: "random",
  version: "4.21.2",
  resources: {
    "random:index/randomId:RandomId": randomId,
    "random:index/randomPassword:RandomPassword": randomPassword,
  },
};
