import { capture } from "../../tools/process";

/** Whether Site.part() can work: nsenter and iptables are here, the containers' processes too, and we are root. */
export async function canPart(): Promise<boolean> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const found = await Promise.all(["nsenter", "iptables"].map((name) => capture(name, ["--version"], {}).catch(() => ({ code: 1 }))));
  return found.every(({ code }) => code === 0);
}

/** Whether Site.delay() can work: the kernel has netem. */
export async function canDelay(): Promise<boolean> {
  const trial = ["--net", "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"];
  return (await canPart()) && (await capture("unshare", trial, {}).catch(() => ({ code: 1 }))).code === 0;
}

/** Runs a command on the host of the containers; throws what it says where it fails. */
export async function run(command: string, args: string[]): Promise<void> {
  const { code, stderr } = await capture(command, args, {});
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr.trim()}`);
}
