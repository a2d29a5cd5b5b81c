import { authorityFile, ClusterSpec } from "../cluster/spec";
import { RenderedFile } from "./template";

/** Authorities of publishers in other clusters, on each server: a standby that becomes the primary goes on receiving. */
export function publisherFiles({ databases }: ClusterSpec): RenderedFile[] {
  return databases.flatMap(({ subscriptions }) =>
    subscriptions.flatMap(({ name, authority }) => (authority ? [{ path: authorityFile(name), content: authority }] : [])));
}
