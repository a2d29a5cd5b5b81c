import * as ec2 from "@pulumi/aws/ec2";
import * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";
import { Certificate, CertificateAuthority } from "../../resources/certificates";
import { ROOT_GIB } from "../../cluster/ec2/cost";
import type { Ec2Node } from "../../cluster/ec2/spec";
import type { ControlInputs } from "../../resources/control";
import { bundle, bundleText, restartHash } from "./bundle";
import { userData } from "./userData";
import { allServices } from "../../services";
import { fill } from "../fill";
import { fingerprint } from "../fingerprint";
import type { Bucket } from "./bucket";
import { Handover } from "../../resources/machineHandover";
import { Rollout } from "../../resources/machineRollout";
import { Parameters } from "./parameters";
import type { InstanceRole } from "./role";
import { named, Site } from "./site";
import { Volumes } from "./volumes";

export interface MachineArgs {
  site: Site;
  node: Ec2Node;
  subnetId: pulumi.Input<string>;
  securityGroupId: pulumi.Input<string>;
  role: InstanceRole;
  /** Where its bundle goes. */
  bucket: Bucket;
  authority: CertificateAuthority;
  /** What all machines of its role read. */
  shared: Parameters;
  /** By which a member of Postgres gives its leadership away. */
  control?: ControlInputs;
}

/** One machine: it may be replaced at any time; its volumes, its address and its bundle are those of the next one. */
export class Machine extends pulumi.ComponentResource {
  readonly instance: ec2.Instance;
  /** Is there when the machine is as its bundle says. */
  readonly rollout: Rollout;

  constructor(private readonly args: MachineArgs, after: pulumi.Resource[], opts: pulumi.ComponentResourceOptions) {
    const { site, node } = args;
    super("pgha:aws:Machine", node.host, {}, opts);
    const volumes = new Volumes(site, node, { parent: this });
    const own = this.ownParameters(volumes);
    const bundled = bundle(site.spec, node);
    const { content, sha256 } = bundleText(bundled);
    const object = new s3.BucketObjectv2(
      `${node.host}-bundle`,
      { bucket: args.bucket.id, key: `bundles/${node.role}/${node.name}.json`, content, contentType: "application/json" },
      { parent: this, dependsOn: args.bucket.made },
    );
    const inputs = this.instanceInputs();
    const secrets = pulumi.all([args.shared.hash, own.hash]).apply((hashes) => fingerprint(hashes));
    const ready = [...after, object, ...own.made, ...args.shared.made, ...args.role.made];
    const replacing = fingerprint([node.instanceType, inputs.ami, inputs.userData, restartHash(bundled)]);
    const handover = args.control && node.role === "postgres" ? [this.handover(args.control, replacing, secrets, ready)] : [];
    this.instance = this.launch(inputs, [...handover, ...ready]);
    const attached = this.attach(volumes);
    // Whatever restarts the machine is part of it: the next machine waits until this one is well again
    const machine = fingerprint([node.instanceType, inputs.ami, inputs.userData]);
    this.rollout = this.rollOut(`${sha256} # machine ${machine}`, secrets, [...handover, ...attached, ...ready]);
    this.registerOutputs({});
  }

  private ownParameters(volumes: Volumes): Parameters {
    const { site, node, authority } = this.args;
    const certificate = new Certificate(`${node.host}-certificate`, { authority, unit: node.host, names: node.certificateNames }, { parent: this });
    const { certificate: chain, key } = certificate;
    const ofServices = allServices.flatMap(({ secrets }) => secrets(site.spec).filter(({ own }) => own));
    const values = {
      tls_key: key,
      "tls.crt": chain,
      volumes: volumes.list,
      ...Object.fromEntries(ofServices.map(({ name, text }) => [name, fill(text, { certificate: chain, key })])),
    };
    return new Parameters(`${node.host}-parameters`, site, node, true, values, { parent: this });
  }

  private handover(control: ControlInputs, replacing: string, secrets: pulumi.Output<string>, after: pulumi.Resource[]): Handover {
    const { site, node } = this.args;
    const member = { name: node.name, order: site.spec.members.map(({ name }) => name) };
    return new Handover(`${node.host}-handover`, { member, fingerprint: pulumi.interpolate`${replacing}-${secrets}`, control }, { parent: this, dependsOn: after });
  }

  private instanceInputs() {
    const { site, node, role, subnetId, securityGroupId } = this.args;
    const { ami, terminationProtection } = site.plan.config;
    return {
      ami,
      instanceType: node.instanceType,
      subnetId,
      privateIp: node.address,
      associatePublicIpAddress: false,
      vpcSecurityGroupIds: [securityGroupId],
      iamInstanceProfile: role.profile,
      userData: userData(site.spec, node),
      // It runs at a machine's first start alone
      userDataReplaceOnChange: true,
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      maintenanceOptions: { autoRecovery: "default" },
      disableApiTermination: terminationProtection,
      // This program may, one machine at a time, because the data is not on it
      forceDestroy: true,
      ebsOptimized: true,
      rootBlockDevice: { volumeType: "gp3", volumeSize: ROOT_GIB, encrypted: true, kmsKeyId: site.key, deleteOnTermination: true, tags: named(`${node.host}-root`) },
      tags: { ...named(node.host), "pgha:role": node.role },
    };
  }

  private launch(inputs: ec2.InstanceArgs, dependsOn: pulumi.Resource[]): ec2.Instance {
    // Two cannot have one address
    return new ec2.Instance(this.args.node.host, inputs, { parent: this, dependsOn, deleteBeforeReplace: true });
  }

  /** Not part of the instance, so that the next one takes the volumes up. */
  private attach({ all }: Volumes): ec2.VolumeAttachment[] {
    return all.map(
      ({ name, volume, device }) =>
        new ec2.VolumeAttachment(
          `${this.args.node.host}-${name}-attached`,
          { instanceId: this.instance.id, volumeId: volume.id, deviceName: device, stopInstanceBeforeDetaching: true },
          { parent: this, deleteBeforeReplace: true },
        ),
    );
  }

  private rollOut(bundle: string, secrets: pulumi.Output<string>, dependsOn: pulumi.Resource[]): Rollout {
    const { node, site } = this.args;
    const commands = pulumi.interpolate`cloud-init status --wait >/dev/null; /usr/local/sbin/pgha-pull ${bundle}, secrets ${secrets}`;
    const where = { host: node.host, region: site.plan.config.region, instance: this.instance.id };
    return new Rollout(`${node.host}-rollout`, { ...where, commands }, { parent: this, dependsOn });
  }
}
