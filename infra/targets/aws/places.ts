import type { Ec2Plan, Role } from "../../cluster/ec2/spec";
import type { Kind } from "../../cluster/spec";
import { allServices, lastServices, serviceOf } from "../../services";
import type { Service } from "../../services/service";

/** Whose machines a service is on. */
export function roleOf({ config }: Ec2Plan, { machine: { role } }: Pick<Service, "machine">): Role {
  return role === "etcd" && config.etcd === "with-postgres" ? "postgres" : role;
}

/** Where the machines of a role stand in the order in which all are made and replaced: `after` these, and whether nobody comes after them. */
export function placeOf(plan: Ec2Plan, role: Role): { after: Role[]; last: boolean } {
  const here = allServices.filter((service) => roleOf(plan, service) === role);
  const roleOfKind = (kind: Kind) => roleOf(plan, serviceOf(kind));
  const after = new Set(here.flatMap(({ needs, waitsFor }) => [...needs, ...waitsFor].map(roleOfKind)));
  after.delete(role);
  return { after: [...after], last: here.some((service) => lastServices.includes(service)) };
}
