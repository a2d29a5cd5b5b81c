import * as path from "path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ClusterSpec } from "../../cluster/spec";

const CONTEXT = path.relative(process.cwd(), path.join(__dirname, "../../../images"));

/** The images of a cluster, built one after the other from the stages of one Dockerfile, so that they share layers. */
export class Images extends pulumi.ComponentResource {
  /** Image ids, which change when the content does. */
  readonly etcd: pulumi.Output<string>;
  readonly haproxy: pulumi.Output<string>;
  readonly pgbouncer: pulumi.Output<string>;
  readonly postgres: pulumi.Output<string>;

  constructor(spec: ClusterSpec, after: pulumi.Resource, opts?: pulumi.ComponentResourceOptions) {
    super("pgha:docker:Images", `${spec.name}-images`, {}, opts);
    let previous = after;
    const build = (target: string, tag: string, args: Record<string, string> = {}) => {
      const image = new docker.Image(
        `${spec.name}-${target}-image`,
        {
          imageName: `${spec.name}/${target}:${tag}`,
          build: {
            context: CONTEXT,
            dockerfile: path.join(CONTEXT, "Dockerfile"),
            target,
            args: { BASE: spec.images.base, ...args },
          },
          skipPush: true,
        },
        { parent: this, dependsOn: previous },
      );
      previous = image;
      return image.repoDigest;
    };
    this.etcd = build("etcd", "1");
    this.haproxy = build("haproxy", "1");
    this.pgbouncer = build("pgbouncer", "1");
    this.postgres = build("postgres", String(spec.version), { POSTGRES: String(spec.version) });
    this.registerOutputs({});
  }
}
