import { z } from "zod";
import { identifier } from "./databases";
import { size } from "./size";

const text = z.string().min(1).regex(/^[^\s"'\\{}]+$/, "leave out spaces, quotes and braces");

const receiver = z.strictObject({
  name: identifier.describe("its name; `npm run pulumi -- config set --secret pgha:<name>Secret` takes what is secret of it: the URL of a webhook or of Slack, PagerDuty's key, the password of an e-mail account"),
  type: z.enum(["webhook", "email", "slack", "pagerduty"]).describe("how it is told"),
  severity: z.enum(["warning", "critical"]).default("warning").describe("the least that it is told of"),
  url: z.url({ protocol: /^https?$/, error: "use an http or https URL" }).optional().describe("of a webhook, where it is no secret"),
  to: text.optional().describe("address that e-mail goes to"),
  from: text.optional().describe("address that it comes from"),
  smarthost: z.string().regex(/^[A-Za-z0-9.-]+:\d+$/, "use host:port").optional().describe("server that sends it, `smtp.example.com:587`"),
  user: text.optional().describe("account there; without one it is sent without a password"),
  channel: text.optional().describe("Slack's channel (the webhook's own)"),
});

/** Keys under `pgha:cluster.monitoring`. */
export const monitoringSchema = z.strictObject({
  enabled: z.boolean().default(false).describe("adds a container with Prometheus, Alertmanager and exporters; on Docker alone yet"),
  retentionDays: z.int().min(1).max(3650).default(15).describe("days that metrics are kept"),
  disk: size.prefault("4GiB").describe("what they may take of the disk; older ones go first"),
  memory: size.prefault("512MiB").describe("memory limit of the container"),
  receivers: z.array(receiver).default([]).describe("who is told of alerts; without one they are seen in `npx pgha status` alone"),
});
