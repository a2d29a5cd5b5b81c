import { needsSecret } from "../cluster/monitoring";
import { ClusterSpec, Receiver } from "../cluster/spec";
import { render, RenderedFile } from "./template";

/** Of the lists of a receiver one has an element. */
interface ReceiverView {
  name: string;
  /** A regular expression. */
  severities: string;
  webhooks: { url: "url" | "url_file"; at: string }[];
  emails: { to: string; from: string; smarthost: string; logins: { user: string; file: string }[] }[];
  slacks: { file: string; channels: string[] }[];
  pagers: { file: string }[];
}

/** Who is told of what. Secrets are in files of their own. */
export function alertmanagerFile({ name, monitoring }: ClusterSpec): RenderedFile {
  const view: { cluster: string; receivers: ReceiverView[] } = { cluster: name, receivers: monitoring!.receivers.map(receiverView) };
  return { path: "/etc/pgha/alertmanager.yml", content: render("alertmanager.yml", view) };
}

function receiverView(receiver: Receiver): ReceiverView {
  const { name, type, severity, url, to = "", from = "", smarthost = "", user, channel } = receiver;
  const file = `/run/secrets/receiver_${name}`;
  const of = <T>(wanted: Receiver["type"], view: T): T[] => (type === wanted ? [view] : []);
  return {
    name,
    severities: severity === "warning" ? "warning|critical" : "critical",
    webhooks: of("webhook", needsSecret(receiver) ? { url: "url_file", at: file } : { url: "url", at: `"${url}"` }),
    emails: of("email", { to: `"${to}"`, from: `"${from}"`, smarthost, logins: user === undefined ? [] : [{ user: `"${user}"`, file }] }),
    slacks: of("slack", { file, channels: channel === undefined ? [] : [channel] }),
    pagers: of("pagerduty", { file }),
  };
}
