import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { notMeant, Step, withoutPlaces, withPlaces } from "./support/release";
import { Project } from "./support/project";

const FILE = path.join(__dirname, "support/release.json.gz");
/** What has a part in a cluster's resources: a role, a database, a log system, slots of both kinds. */
const CONFIGURATION = {
  name: "pgha-release",
  ports: { offset: 24000 },
  postgres: { memory: "512MiB" },
  logs: { enabled: true },
  slots: [{ name: "archive", type: "physical" }],
  databases: [{ name: "shop" }],
  roles: [{ name: "reporting", database: "shop" }],
};

/** The state of a cluster that the last release made, under a passphrase that protects nothing: the cluster is gone. */
describe("an update of the repository, on a state of its last release", function () {
  this.timeout(600_000);
  let project: Project;

  before(async () => {
    project = await Project.create();
    project.configure("release", CONFIGURATION);
    fs.mkdirSync(path.join(project.root, ".pgha"));
    fs.writeFileSync(path.join(project.root, ".pgha/passphrase"), "release\n");
    if (process.env.UPDATE_RELEASE) await makeState();
  });
  after(() => project.dispose());

  const places = () => ({
    "{images}": path.relative(fs.realpathSync(project.root), path.join(__dirname, "../../images")),
    "{project}": project.root,
  });

  /** Docs: architecture, "A release". */
  async function makeState() {
    try {
      await project.must("up", "--stack", "release");
      const { stdout } = await project.must("pulumi", "stack", "export", "--stack", "release");
      fs.writeFileSync(FILE, gzipSync(withoutPlaces(stdout, places())));
    } finally {
      await project.must("down", "--stack", "release", "--data", "--yes");
    }
  }

  it("has nothing made again, beside or away but containers into which something else goes", async () => {
    const state = path.join(project.root, "state.json");
    fs.writeFileSync(state, withPlaces(gunzipSync(fs.readFileSync(FILE)).toString(), places()));
    await project.must("pulumi", "stack", "init", "release", "--no-select");
    await project.must("pulumi", "stack", "import", "--stack", "release", "--file", state);
    const { stdout } = await project.must("pulumi", "preview", "--json", "--stack", "release");
    const { steps, changeSummary } = JSON.parse(stdout) as { steps: Step[]; changeSummary: Record<string, number> };
    assert.ok(Object.values(changeSummary).reduce((sum, count) => sum + count) >= 80, "the preview sees every resource");
    assert.deepEqual(notMeant(steps), []);
  });
});
