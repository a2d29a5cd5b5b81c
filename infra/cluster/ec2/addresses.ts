/** IPv4 networks as numbers. Pure: whether a text is a network was checked by the configuration. */
export interface Network {
  base: number;
  bits: number;
}

/** undefined where an octet is above 255, the length above 32, or bits of the host are set. */
export function parseNetwork(text: string): Network | undefined {
  const [address, length] = text.split("/");
  const octets = address.split(".").map(Number);
  const bits = Number(length);
  if (bits > 32 || octets.some((octet) => octet > 255)) return undefined;
  const base = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return base % size({ base, bits }) === 0 ? { base, bits } : undefined;
}

/** Addresses in it, those that AWS keeps for itself included. */
export function size({ bits }: Network): number {
  return 2 ** (32 - bits);
}

/** The `index`-th part of `network` with a prefix of `bits`. */
export function part(network: Network, bits: number, index: number): Network {
  return { base: network.base + index * 2 ** (32 - bits), bits };
}

export function format({ base, bits }: Network): string {
  return `${addressAt({ base, bits }, 0)}/${bits}`;
}

/** The address `offset` after the first one. */
export function addressAt({ base }: Network, offset: number): string {
  const number = base + offset;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

export function overlap(a: Network, b: Network): boolean {
  return a.base < b.base + size(b) && b.base < a.base + size(a);
}
