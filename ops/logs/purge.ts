import { Manifest, suffix } from "./manifest";
import type { Store } from "./stored";

/** Archives that were kept long enough, from when they were made. */
export function expired(manifests: Manifest[], keepDays: number, now: Date): Manifest[] {
  return manifests.filter(({ archivedAt }) => now.getTime() - Date.parse(archivedAt) > keepDays * 86_400_000);
}

/** Deletes an archive. What says that it is there goes last, so that an interrupted purge is found and finished by the next. */
export async function purgeArchive(store: Store, { name }: Manifest): Promise<void> {
  await store.remove(name + suffix.data);
  await store.remove(name + suffix.manifest);
}
