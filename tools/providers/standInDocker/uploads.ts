import { readFileSync } from "node:fs";
import { pack } from "tar-stream";
import type { Pack } from "tar-stream";
import type { Upload } from "./containerInputs";

/** One archive with every file, to be unpacked at the container's root. */
export function uploadArchive(uploads: Upload[]): Pack {
  const archive = pack();
  for (const upload of uploads) {
    const mode = upload.permissions ? parseInt(upload.permissions, 8) : upload.executable ? 0o744 : 0o644;
    const header = { name: upload.file, mode, uid: Number(upload.owner ?? 0), gid: Number(upload.group ?? 0) };
    archive.entry(header, contentOf(upload));
  }
  archive.finalize();
  return archive;
}

/** What is wrong with the files, named by path; never with their contents. */
export function uploadFault(upload: Upload): string | undefined {
  const given = [upload.content, upload.contentBase64, upload.source].filter(Boolean).length;
  return given === 1 ? undefined : `${upload.file} needs exactly one of content, contentBase64 and source`;
}

function contentOf({ content, contentBase64, source }: Upload): Buffer {
  if (source) return readFileSync(source);
  return contentBase64 ? Buffer.from(contentBase64, "base64") : Buffer.from(content ?? "");
}
