import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { Role, ROLES } from "../../../infra/cluster/ec2/spec";
import { planCluster } from "../../../infra/plan";
import { parseConfig } from "../../../infra/config";
import { allServices, inOrder, lastServices, publishedPorts } from "../../../infra/services";
import { placeOf } from "../../../infra/targets/aws/places";
import { MACHINE } from "../support/monitor";
import { prodConfiguration } from "../support/prod";

const project = path.join(__dirname, "../../..");
const spec = planCluster(parseConfig({ monitoring: { enabled: true }, backup: { enabled: true } }, "dev", MACHINE));

describe("a service", () => {
  for (const service of allServices)
    describe(service.kind, () => {
      const files = service.files(spec, service.servers(spec)[0]).map((file) => file.path);

      it("has a stage in the Dockerfile, and a health check", () => {
        assert.match(fs.readFileSync(path.join(project, "images/Dockerfile"), "utf8"), new RegExp(` AS ${service.kind}$`, "m"));
        assert.ok(fs.existsSync(path.join(project, `images/${service.kind}/health`)));
      });

      it("has a template for each unit, and each program that its machines need", () => {
        for (const { name } of service.machine.units(files)) assert.ok(fs.existsSync(path.join(project, `templates/ec2/pgha-${name}.service.mustache`)), name);
        for (const program of Object.values(service.machine.programs)) assert.ok(fs.existsSync(path.join(project, program)), program);
      });

      it("says why a port is open, in words that AWS takes", () => {
        for (const { from } of service.ports) for (const { why } of from) assert.match(why, /^[\w ./,-]{3,255}$/);
      });

      it("reads nothing that its machines do not have", () => {
        const own = service.machine.units(files).flatMap(({ restart, reload = [] }) => [...restart, ...reload]);
        const secrets = [...service.secrets(spec).map(({ name }) => name), service.environment?.file, "tls_key"].map((name) => `/run/secrets/${name}`);
        const programs = Object.keys(service.machine.programs).map((name) => `/usr/local/lib/pgha/${name}`);
        for (const read of own) assert.ok([...files, ...secrets, ...programs, "/etc/pgha/ca.crt", "/etc/pgha/tls.crt"].includes(read), read);
      });
    });
});

describe("services", () => {
  it("are made after what they need or wait for, and the last ones mean that all have started", () => {
    const kinds = inOrder.map(({ kind }) => kind);
    assert.deepEqual([...kinds].sort(), allServices.map(({ kind }) => kind).sort());
    for (const { kind, needs, waitsFor } of inOrder) for (const other of [...needs, ...waitsFor]) assert.ok(kinds.indexOf(other) < kinds.indexOf(kind), `${kind} before ${other}`);
    assert.deepEqual(lastServices.map(({ kind }) => kind).sort(), ["backup", "haproxy", "pgbouncer", "postgres", "prometheus"]);
  });

  it("publish no port of one kind on a number that another server has", () => {
    const numbers = publishedPorts(spec).map(({ number }) => number);
    assert.equal(new Set(numbers).size, numbers.length);
    assert.equal(numbers.length, 2 + 3 * 2 + 3 + 2);
  });

  it("stand on machines that do not wait for one another: a machine is replaced whole", () => {
    for (const etcd of ["own", "with-postgres"] as const) {
      const { ec2 } = planCluster(parseConfig(prodConfiguration({ etcd }), "prod", MACHINE));
      const before = (role: Role, seen: Role[] = []): Role[] =>
        placeOf(ec2!, role).after.filter((other) => !seen.includes(other)).flatMap((other) => [other, ...before(other, [...seen, other])]);
      for (const role of ROLES) assert.ok(!before(role).includes(role), `${role}, etcd ${etcd}`);
    }
  });
});
