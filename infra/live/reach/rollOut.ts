import { DescribeInstanceInformationCommand, GetCommandInvocationCommand, GetCommandInvocationResult, InvocationDoesNotExist, SendCommandCommand, SSMClient } from "@aws-sdk/client-ssm";
import { pause } from "../patroni/client";

export interface Rollout {
  region: string;
  /** EC2's id, and the name by which people know the machine. */
  instance: string;
  host: string;
  /** Run as root by sh. */
  commands: string;
}

/** Of one rollout, in seconds. */
export interface Patience {
  /** Until the agent of a machine that has just been made reports. */
  agent: number;
  /** For the commands: a first boot installs packages, a primary hands over. */
  run: number;
  poll: number;
}

const PATIENCE: Patience = { agent: 900, run: 1200, poll: 3 };
/** Until an agent that has reported takes the command: it may be booting. */
const DELIVERY_SECONDS = 600;
const ONGOING = ["Pending", "InProgress", "Delayed", "Cancelling"];

/** Runs commands on a machine as soon as its agent is there and waits for their end; throws with what the machine said last. */
export async function rollOut({ region, instance, host, commands }: Rollout, patience = PATIENCE): Promise<void> {
  const client = new SSMClient({ region, maxAttempts: 8 });
  try {
    await agentOf(client, instance, host, patience);
    const { Command } = await client.send(
      new SendCommandCommand({
        DocumentName: "AWS-RunShellScript",
        InstanceIds: [instance],
        Comment: `pgha: ${host}`,
        TimeoutSeconds: DELIVERY_SECONDS,
        Parameters: { commands: [commands], executionTimeout: [String(patience.run)] },
      }),
    );
    const done = await end(client, Command!.CommandId!, instance, host, patience);
    if (done.Status !== "Success") throw new Error(`${host} is not as its bundle says (${done.StatusDetails}):\n${lastLines(done)}`);
  } finally {
    client.destroy();
  }
}

async function agentOf(client: SSMClient, instance: string, host: string, { agent, poll }: Patience): Promise<void> {
  const deadline = Date.now() + agent * 1000;
  const ask = new DescribeInstanceInformationCommand({ Filters: [{ Key: "InstanceIds", Values: [instance] }] });
  while ((await client.send(ask)).InstanceInformationList?.[0]?.PingStatus !== "Online") {
    if (Date.now() > deadline)
      throw new Error(
        `${host}: its agent has not reported to Systems Manager within ${agent} s. What its boot said: ` +
          `aws ec2 get-console-output --latest --output text --instance-id ${instance}`,
      );
    await pause(poll * 1000);
  }
}

async function end(client: SSMClient, CommandId: string, InstanceId: string, host: string, { run, poll }: Patience): Promise<GetCommandInvocationResult> {
  const deadline = Date.now() + (DELIVERY_SECONDS + run + 60) * 1000;
  while (Date.now() < deadline) {
    await pause(poll * 1000);
    const invocation = await client.send(new GetCommandInvocationCommand({ CommandId, InstanceId })).catch(notYet);
    if (invocation && !ONGOING.includes(invocation.Status!)) return invocation;
  }
  throw new Error(`${host}: Systems Manager does not say how command ${CommandId} ended`);
}

/** For a moment after it was sent. */
function notYet(error: unknown): undefined {
  if (!(error instanceof InvocationDoesNotExist)) throw error;
}

function lastLines({ StandardOutputContent = "", StandardErrorContent = "" }: GetCommandInvocationResult): string {
  return `${StandardOutputContent}\n${StandardErrorContent}`.split("\n").filter(Boolean).slice(-25).join("\n") || "it said nothing";
}
