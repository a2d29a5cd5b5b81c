export function demand(): void;
export function fault(version: string, platform: string): [message: string, remedy: string] | undefined;
