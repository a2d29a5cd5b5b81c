import * as path from "path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterSpec, Kind } from "../../cluster/spec";
import { inOrder } from "../../services";

const CONTEXT = path.relative(process.cwd(), path.join(__dirname, "../../../images"));

/** The machine's own, as the plugin would take it, but said: else each update begins with a notice. */
function platform(): string {
  return process.env.DOCKER_DEFAULT_PLATFORM || `linux/${process.arch === "x64" ? "amd64" : process.arch}`;
}

/**
 * The proxies of the environment, which only the docker command adds by itself. Docker knows these arguments: they are
 * neither in the image nor in its history. Addresses with a password become secrets of the state.
 */
function proxies(): Record<string, pulumi.Input<string>> {
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()]);
  const given = names.flatMap((name) => (process.env[name] ? [[name, process.env[name]] as const] : []));
  return Object.fromEntries(given.map(([name, value]) => [name, value.includes("@") ? pulumi.secret(value) : value]));
}

/** The images of a cluster, built one after the other from the stages of one Dockerfile, so that they share layers. */
export class Images extends pulumi.ComponentResource {
  /** Image ids, which change when the content does. */
  readonly of: Record<Kind, pulumi.Output<string>>;

  constructor(spec: ClusterSpec, after: pulumi.Resource, opts?: pulumi.ComponentResourceOptions) {
    super("pgha:docker:Images", `${spec.name}-images`, {}, opts);
    const { base, renewed } = spec.images;
    let previous = after;
    const build = (target: Kind, tag: string, args: Record<string, string>) => {
      const image = new docker.Image(
        `${spec.name}-${target}-image`,
        {
          imageName: `${spec.name}/${target}:${tag}`,
          build: {
            context: CONTEXT,
            dockerfile: path.join(CONTEXT, "Dockerfile"),
            target,
            platform: platform(),
            args: { BASE: base, ...(renewed && { RENEWED: renewed }), ...args, ...proxies() },
          },
          skipPush: true,
        },
        { parent: this, dependsOn: previous },
      );
      previous = image;
      return image.repoDigest;
    };
    const built = inOrder.filter((service) => service.servers(spec).length > 0).map(({ kind, container }) => {
      const { tag, args } = container.image?.(spec) ?? { tag: "1", args: {} };
      return [kind, build(kind, tag, args)];
    });
    this.of = Object.fromEntries(built);
    this.registerOutputs({});
  }
}
