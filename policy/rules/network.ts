import { Declared, forKinds, isNot, items, kindOf, objects, oneOf, ResourceRule } from "../rule";

/** Who is let in through which ports, of any of the three ways to declare it. */
interface Ingress {
  from: number;
  to: number;
  ranges: string[];
}

function ingressOf(resource: Declared): Ingress[] {
  const { props } = resource;
  switch (kindOf(resource)) {
    case "aws:SecurityGroup":
    case "aws:DefaultSecurityGroup":
      return objects(props.ingress).map(inline);
    case "aws:SecurityGroupRule":
      return props.type === "ingress" ? [inline(props)] : [];
    case "aws:SecurityGroupIngressRule":
      return [ingress(props, [props.cidrIpv4, props.cidrIpv6])];
    default:
      return [];
  }
}

const inline = (props: Record<string, unknown>) => ingress(props, [...items(props.cidrBlocks), ...items(props.ipv6CidrBlocks)]);

function ingress({ fromPort, toPort, protocol, ipProtocol }: Record<string, unknown>, ranges: unknown[]): Ingress {
  const all = [protocol, ipProtocol].some((one) => one === "-1" || one === "all");
  const from = all || typeof fromPort !== "number" ? 0 : fromPort;
  const to = all || typeof toPort !== "number" ? 65535 : toPort;
  return { from, to, ranges: ranges.filter((range): range is string => typeof range === "string") };
}

/** 0.0.0.0/0, ::/0, and halves of them that are written to get round a rule. */
const isWorld = (range: string) => /\/[0-7]$/.test(range);
const portsOf = ({ from, to }: Ingress) => (from === to ? `port ${from}` : from === 0 && to === 65535 ? "every port" : `ports ${from}–${to}`);

/** etcd's clients and peers: nobody but the cluster's own machines has business there. */
const inner = [2379, 2380];

export const network: ResourceRule[] = [
  {
    name: "no-open-ingress",
    reason: "a database that the whole internet may knock at is found within minutes",
    remedy: "name the security group, or the narrow range, of those who may come in",
    problems: (resource) =>
      ingressOf(resource).flatMap((one) => one.ranges.filter(isWorld).map((range) => `${portsOf(one)} is open to ${range}`)),
  },
  {
    name: "no-ssh",
    reason: "keys of SSH are long-lived, shared and not recorded",
    remedy: "leave port 22 and key pairs out, and use Session Manager: aws ssm start-session --target <instance>",
    problems: (resource) => [
      ...ingressOf(resource).filter(({ from, to, ranges }) => from <= 22 && 22 <= to && ranges.length > 0).map(() => "lets SSH in on port 22"),
      ...oneOf(kindOf(resource) === "aws:KeyPair", "is a key pair for SSH"),
      ...oneOf(["aws:Instance", "aws:LaunchTemplate"].includes(kindOf(resource)) && isNot(resource.props.keyName, undefined), "has a key pair for SSH"),
    ],
  },
  {
    name: "etcd-by-group",
    reason: "an address range lets in whatever gets an address in it, and etcd decides who is primary",
    remedy: "admit ports 2379 and 2380 by the security group of the role that needs them",
    problems: (resource) =>
      ingressOf(resource)
        .filter(({ from, to, ranges }) => ranges.length > 0 && inner.some((port) => from <= port && port <= to))
        .map((one) => `lets ${one.ranges.join(", ")} in on ${portsOf(one)}`),
  },
  {
    name: "no-public-address",
    reason: "a server with a public address is one wrong security group away from the internet",
    remedy: "leave associatePublicIpAddress false and mapPublicIpOnLaunch out, and let servers out through NAT",
    problems: (resource) => {
      const { props } = resource;
      const kind = kindOf(resource);
      return [
        ...oneOf(kind === "aws:Instance" && props.associatePublicIpAddress === true, "has a public address"),
        ...oneOf(kind === "aws:Subnet" && props.mapPublicIpOnLaunch === true, "gives every server a public address"),
        ...oneOf(kind === "aws:Eip" && isNot(props.instance, undefined), "is a public address of a server"),
        ...oneOf(kind === "aws:EipAssociation" && isNot(props.instanceId, undefined), "gives a server a public address"),
        ...oneOf(
          kind === "aws:LaunchTemplate" && objects(props.networkInterfaces).some(({ associatePublicIpAddress }) => String(associatePublicIpAddress) === "true"),
          "gives its servers public addresses",
        ),
      ];
    },
  },
  {
    name: "internal-load-balancer",
    reason: "a load balancer that faces the internet opens the database to it",
    remedy: "set internal: true",
    problems: forKinds(["aws:LoadBalancer"], ({ internal }) => oneOf(isNot(internal, true), "faces the internet")),
  },
];
