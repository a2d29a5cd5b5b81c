/** "1 container", "3 containers"; for nouns with a plural in s. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
