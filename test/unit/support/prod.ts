import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";

/** The configuration that is shipped for prod, with other keys under `aws`. */
export function prodConfiguration(aws: object = {}): Record<string, unknown> & { aws: Record<string, unknown> } {
  const file = fs.readFileSync(path.join(__dirname, "../../../Pulumi.prod.yaml"), "utf8");
  const shipped = parse(file).config["pgha:cluster"];
  return { ...shipped, aws: { ...shipped.aws, ...aws } };
}
