import { Ec2Plan, Role, rolesOf } from "../../cluster/ec2/spec";
import { allServices, serviceOf } from "../../services";
import type { Port, Service } from "../../services/service";
import { roleOf } from "./places";

/** Who has a security group. Clients may carry theirs, or be named by the configuration. */
export type Group = Role | "balancer" | "clients" | "endpoints";

/** One connection that is allowed, by both sides. */
export interface Flow {
  from: Group;
  to: Group;
  port: number;
  /** Its description at AWS, which takes no apostrophe. */
  why: string;
}

const openTo = (who: Port["from"][number]["who"]) =>
  allServices.flatMap((service) => service.ports.filter(({ from }) => from.some((one) => one.who === who)).map(({ number: port }) => ({ service, port })));

/** What clients connect to. */
export const clientPorts: { service: Service; port: number }[] = openTo("clients");
/** What the operator's tools connect to. */
export const operatorPorts = (plan: Ec2Plan): { to: Role; port: number }[] => openTo("operators").map(({ service, port }) => ({ to: roleOf(plan, service), port }));

/** Every connection between machines of the cluster, once. What is not here is refused. */
export function flowsOf(plan: Ec2Plan): Flow[] {
  const { config, nat } = plan;
  const declared = allServices.flatMap((service) => service.ports.flatMap(({ number: port, from }) =>
    from.flatMap(({ who, why }): Flow[] => {
      const to = roleOf(plan, service);
      if (who === "operators") return [];
      if (who === "balancer") return [{ from: who, to, port, why }];
      if (who !== "clients") return [{ from: roleOf(plan, serviceOf(who)), to, port, why }];
      return [
        { from: "clients", to, port, why: "clients, by a URL of several hosts" },
        { from: "clients", to: "balancer", port, why: "clients, by the load balancer" },
        { from: "balancer", to, port, why: "the load balancer" },
      ];
    })));
  const viaSsm = config.access.way === "ssm" ? operatorPorts(plan).map(({ to, port }): Flow => ({ from: "edge", to, port, why: "port-forwards of operators" })) : [];
  const toAws = nat === "none" && !config.network.vpc ? rolesOf(plan).map((from): Flow => ({ from, to: "endpoints", port: 443, why: "to the interfaces of AWS" })) : [];
  const all = [...declared, ...viaSsm, ...toAws];
  const name = ({ from, to, port }: Flow) => `${from} ${to} ${port}`;
  return all.filter((flow, index) => all.findIndex((one) => name(one) === name(flow)) === index);
}
