import { commonOptions, parseOptions } from "../../arguments";
import { formatBytes } from "../../format";
import { layOut } from "../../table";
import { print, screenOf } from "../../terminal";
import { Leaving } from "../archive";
import { readManifests } from "../manifest";
import { archiveOptions, passedOver, withArchive } from "./common";

const columns = [
  { title: "archive" }, { title: "from" }, { title: "until" }, { title: "rows", align: "right" as const }, { title: "text", align: "right" as const }, { title: "archived", spare: 1 },
];

export async function run(args: string[]): Promise<number> {
  const { stack, to, json } = parseOptions("logs", args, { ...commonOptions, ...archiveOptions });
  return withArchive({ stack, to }, async ({ client, store }) => {
    const archives = await readManifests(store, passedOver);
    const { rows: waiting } = await client.query<Leaving>("SELECT * FROM pgha.log_archives WHERE state IN ('due', 'closed', 'archived') ORDER BY lower");
    const screen = screenOf(process.stdout);
    const rows = archives.map(({ name, from, until, rows, bytes, archivedAt }) =>
      [name, from.slice(0, 10), until.slice(0, 10), String(rows), formatBytes(bytes), archivedAt.slice(0, 16)].map((text) => ({ text })));
    print(json, { place: store.place, archives, waiting }, () => [
      `${archives.length} archives in ${store.place}`,
      ...(rows.length ? layOut(columns, rows, screen.width, screen.paint) : []),
      ...waiting.map(({ partition, state }) => `${partition} is ${state}: npx pgha logs archive`),
      "",
    ].join("\n"));
    return 0;
  });
}
