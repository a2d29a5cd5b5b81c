import { ClusterSpec } from "../../../infra/cluster/spec";
import { RenderedFile } from "../../../infra/render/template";
import { allServices } from "../../../infra/services";

/** Every file of the first server of each service, and of a second pooler, which differs in more than its name. */
export function filesOf(spec: ClusterSpec): { server: string; file: RenderedFile }[] {
  return allServices.flatMap((service) =>
    service.servers(spec).slice(0, service.kind === "pgbouncer" ? 2 : 1).flatMap((server) =>
      [...service.files(spec, server), ...(service.firstFiles?.(spec) ?? [])].map((file) => ({ server: server.name, file }))));
}
