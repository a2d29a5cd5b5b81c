import assert from "node:assert/strict";
import fc from "fast-check";
import { describe as tell, evaluate } from "../../../policy/evaluate";
import { apply, UNKNOWN } from "../../../policy/rule";
import { rules } from "../../../policy/rules";
import { cases, kinds } from "./cases";

describe("each policy", () => {
  it("has unsafe and safe examples, a reason and a remedy, and a name of its own", () => {
    assert.deepEqual(Object.keys(cases).sort(), rules.map(({ name }) => name).sort());
    for (const { name, reason, remedy } of rules) assert.ok(/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && reason.length > 15 && remedy.length > 8, name);
    const count = Object.values(cases).flatMap(({ unsafe }) => Object.keys(unsafe)).length;
    assert.ok(count >= 25, `${count} unsafe configurations`);
  });

  for (const rule of rules)
    describe(rule.name, () => {
      const { unsafe, safe } = cases[rule.name];
      for (const [title, resources] of Object.entries(unsafe))
        it(`refuses ${title}, by its name and with the remedy`, () => {
          const found = evaluate([resources].flat()).filter((finding) => finding.rule.name === rule.name);
          assert.ok(found.length > 0, "is not refused");
          for (const finding of found) {
            assert.ok(finding.mandatory);
            assert.ok(tell(finding).startsWith(`[${rule.name}] `) && tell(finding).includes(rule.remedy), tell(finding));
          }
        });
      for (const [title, resources] of Object.entries(safe))
        it(`accepts ${title}`, () => assert.deepEqual(evaluate([resources].flat(), {}, [rule]).map(tell), []));
    });

  it("takes the outage that somebody has declared", () => {
    const [rule] = rules.filter(({ name }) => name === "outage-bounded");
    const [cluster] = Object.values(cases["outage-bounded"].safe).map((resources) => [resources].flat());
    assert.equal(apply(rule, cluster, { seconds: 26 }).length, 0);
    assert.match(apply(rule, cluster, { seconds: 20 })[0].problem, /up to 26 s, 20 s are allowed/);
  });

  it("tells no secret: what it found is named, not shown", () => {
    const found = Object.values(cases).flatMap(({ unsafe }) => Object.values(unsafe)).flatMap((resources) => evaluate([resources].flat()));
    for (const finding of found) assert.doesNotMatch(tell(finding), /hunter2|secret1|BEGIN/);
  });

  it("takes anything for a property, and complains of nothing that is not known yet", () => {
    const make = Object.values(kinds);
    const properties = ["ingress", "metadataOptions", "userData", "policy", "ports", "labels", "tags", "capabilities", "uploads", "envs", "type", "value", "encrypted"];
    fc.assert(fc.property(fc.constantFrom(...make), fc.dictionary(fc.constantFrom(...properties), fc.jsonValue()), (kind, props) => void evaluate([kind(props)])));
    const unknown = Object.fromEntries([...properties, "rootBlockDevice", "iamInstanceProfile", "memory", "securityOpts", "destroyGraceSeconds", "associatePublicIpAddress"].map((name) => [name, UNKNOWN]));
    for (const kind of [kinds.container, kinds.instance, kinds.group, kinds.parameter, kinds.rolePolicy, kinds.ingress])
      assert.deepEqual(evaluate([kind(unknown)]).map(tell), []);
  });
});

describe("an exemption", () => {
  const ssh = [cases["no-ssh"].unsafe["port 22"]].flat();

  it("makes a rule a warning, or silent, and no other rule", () => {
    const level = (level: "advisory" | "disabled") => evaluate(ssh, { "no-ssh": { level, reason: "bastion of the network team" } });
    assert.deepEqual(level("advisory").map(({ rule, mandatory }) => [rule.name, mandatory]), [["no-ssh", false]]);
    assert.deepEqual(level("disabled"), []);
    assert.equal(evaluate(ssh, { "no-open-ingress": { level: "disabled", reason: "something else" } }).length, 1);
  });
});
