import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { planCluster } from "../../../infra/plan";
import { parseConfig } from "../../../infra/config";
import { render } from "../../../infra/render/template";
import { configurations } from "../support/configurations";
import { MACHINE } from "../support/monitor";
import { filesOf } from "../support/renderedFiles";

/** UPDATE_GOLDEN=1 writes them anew; read the difference before you commit it. */
const GOLDEN = path.join(__dirname, "../../golden");

describe("rendered files", () => {
  for (const [name, raw] of Object.entries({ default: configurations.default, large: configurations.large }))
    for (const { server, file } of filesOf(planCluster(parseConfig(raw, "dev", MACHINE)))) {
      const golden = path.join(GOLDEN, name, `${server}-${path.basename(file.path)}`);
      it(`${name}: ${server} ${file.path}`, () => {
        if (process.env.UPDATE_GOLDEN) {
          fs.mkdirSync(path.dirname(golden), { recursive: true });
          fs.writeFileSync(golden, file.content);
        }
        assert.equal(file.content, fs.readFileSync(golden, "utf8"));
      });
    }

  it("cover every template", () => {
    const all = fs.readdirSync(path.join(__dirname, "../../../templates"), { withFileTypes: true });
    const templates = all.filter((entry) => entry.isFile()).map(({ name }) => name.replace(".mustache", ""));
    const rendered = [configurations.monitored, configurations.large]
      .flatMap((configuration) => filesOf(planCluster(parseConfig(configuration, "dev", MACHINE))).map(({ file }) => path.basename(file.path)));
    assert.deepEqual(templates.filter((name) => !rendered.includes(name)), []);
  });
});

describe("templates", () => {
  const template = path.join(__dirname, "../../../templates/probe.mustache");
  const rendering = (text: string, view: object) => {
    fs.writeFileSync(template, text);
    try {
      return render("probe", view);
    } finally {
      fs.rmSync(template);
    }
  };

  it("throw for a tag without a value", () => assert.throws(() => rendering("{{name}}", {}), /\{\{name\}\}/));
  it("throw for a section without a value", () => assert.throws(() => rendering("{{#servers}}x{{/servers}}", {}), /\{\{servers\}\}/));
  it("inherit nothing into a section", () => assert.throws(() => rendering("{{#inner}}{{outer}}{{/inner}}", { outer: 1, inner: [{}] }), /\{\{outer\}\}/));
  it("escape nothing", () => assert.equal(rendering("{{text}}", { text: `<"&'>` }), `<"&'>`));
});
