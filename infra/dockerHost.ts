import { defaultDockerHost, dockerAddresses, refuseElsewhere } from "../tools/engine/dockerAddress";
import { UserError } from "../tools/errors";

/**
 * Pulumi's plugin and the program's own look at Docker know DOCKER_HOST and no docker context, which `npm run up` reads
 * for them. Throws a UserError before anything is asked of another engine.
 */
export function demandDockerHost(env: NodeJS.ProcessEnv): void {
  const [address] = dockerAddresses(env);
  refuseElsewhere(address);
  if (env.DOCKER_HOST || address.host === defaultDockerHost) return;
  const tls = address.certificates ? ` DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=${address.certificates}` : "";
  throw new UserError(
    `Docker listens at ${address.host}${address.chosenBy ? `, by ${address.chosenBy}` : ""}, which plain pulumi cannot know; nothing was touched`,
    `export DOCKER_HOST=${address.host}${tls}, or use npm run up`,
  );
}
