/** The words in which programs written in Go (Pulumi, Docker) say that nobody answers; anything else is no failure of the network. */
export const outOfReach =
  /no such host|server misbehaving|connection (refused|reset)|(network|host) is unreachable|i\/o timeout|handshake timeout|no route to host|deadline exceeded|Client\.Timeout|no answer|unexpected EOF/i;

export type Remedies = [says: RegExp, remedy: string][];

/** What helps against a failure that is none of the network's, or undefined. */
export function remedyOf(reason: string, remedies: Remedies): string | undefined {
  return remedies.find(([says]) => says.test(reason))?.[1];
}
