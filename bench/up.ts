import * as https from "node:https";
import { parseArgs } from "node:util";
import type Docker from "dockerode";
import { median } from "../ops/drill/measure";
import type { Project } from "../test/e2e/support/project";
import { BASE_IMAGE } from "../tools/engine";
import { CLUSTER, numberOf, onOwnStack } from "./support/ownStack";

const usage = `npm run bench -- up [--runs 3]

Times a whole life of the default stack, images present: up, up again, preview, refresh; and, in the same run, the same
containers started by hand (from the first start to two streaming standbys), on volumes emptied before.
`;

async function main() {
  const { values } = parseArgs({ options: { runs: { type: "string", default: "3" }, help: { type: "boolean" } } });
  if (values.help) return console.log(usage);
  const runs = numberOf(values.runs, "--runs", 1);
  await onOwnStack((project) => measure(project, runs));
}

async function measure(project: Project, runs: number) {
  const { docker } = project;
  project.configure("bench", { name: CLUSTER, ports: { offset: 24000 } });
  const times: Record<string, number[]> = {};
  const timed = async <T>(name: string, work: () => Promise<T>) => {
    const started = Date.now();
    const result = await work();
    const seconds = (Date.now() - started) / 1000;
    (times[name] ??= []).push(seconds);
    console.log(`  ${name.padEnd(22)} ${seconds.toFixed(1)} s`);
    return result;
  };
  const pulumi = (command: string, ...args: string[]) => project.must("pulumi", command, "--stack", "bench", ...args);
  console.log("first run, images are built (not counted)");
  await project.must("up", "--stack", "bench");
  await project.must("down", "--stack", "bench", "--yes");
  await emptyVolumes(docker);
  for (let run = 1; run <= runs; run++) {
    console.log(`run ${run} of ${runs}`);
    await timed("pulumi up", () => pulumi("up", "--yes", "--skip-preview"));
    await timed("pulumi up, no change", async () => unchanged(await pulumi("up", "--yes", "--skip-preview")));
    await timed("pulumi preview", () => pulumi("preview"));
    await timed("pulumi refresh", async () => unchanged(await pulumi("refresh", "--yes", "--skip-preview")));
    const { patroniUrls, caCertificate } = await project.outputs("bench");
    const containers = (await project.remains(CLUSTER)).containers.map((name) => docker.getContainer(name));
    await Promise.all(containers.map((container) => container.stop({ t: 20 })));
    await emptyVolumes(docker);
    await timed("the same by hand", async () => {
      await Promise.all(containers.map((container) => container.start()));
      while ((await streaming(patroniUrls[0], caCertificate)) < 2) await new Promise((resolve) => setTimeout(resolve, 100));
    });
    await project.must("down", "--stack", "bench", "--yes");
    await emptyVolumes(docker);
  }
  console.log(`\nmedian of ${runs} (minimum – maximum)`);
  for (const [name, list] of Object.entries(times))
    console.log(`  ${name.padEnd(22)} ${median(list).toFixed(1)} s (${Math.min(...list).toFixed(1)} – ${Math.max(...list).toFixed(1)})`);
  console.log(`  pulumi up / by hand    ${(median(times["pulumi up"]) / median(times["the same by hand"])).toFixed(2)}`);
}

function unchanged({ text }: { text: string }) {
  if (/[1-9]\d* (created|updated|replaced|deleted)/.test(text)) throw new Error(`something changed:\n${text.slice(-2000)}`);
}

/** The volumes as they were before the first start; Docker puts the owner of the mount point back into an empty one. */
async function emptyVolumes(docker: Docker) {
  const { Volumes } = await docker.listVolumes({ filters: { label: [`pgha.cluster=${CLUSTER}`] } });
  for (const { Name } of Volumes ?? []) {
    const options = { User: "0", HostConfig: { Binds: [`${Name}:/volume`], AutoRemove: true } };
    const [{ StatusCode }] = await docker.run(BASE_IMAGE, ["find", "/volume", "-mindepth", "1", "-delete"], process.stdout, options);
    if (StatusCode !== 0) throw new Error(`the volume ${Name} could not be emptied`);
  }
}

/** Standbys that stream, by Patroni's word; 0 while it does not answer. */
function streaming(url: string, ca: string): Promise<number> {
  return new Promise((resolve) => {
    const request = https.get(`${url}/cluster`, { ca, timeout: 1000 }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk)).on("end", () => resolve((text.match(/"streaming"/g) ?? []).length));
    });
    request.on("timeout", () => request.destroy()).on("error", () => resolve(0));
  });
}

main().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
