import * as fs from "fs";
import * as path from "path";
import Mustache from "mustache";

/** A file on a server. `path` on the server, text whole, no secret in it. */
export interface RenderedFile {
  path: string;
  content: string;
}

/** Mustache looks a missing name up in outer sections and prints nothing in the end; here both are errors. */
class StrictContext extends Mustache.Context {
  override push(view: unknown): Mustache.Context {
    return new StrictContext(view);
  }

  override lookup(name: string): unknown {
    const value = name === "." ? this.view : name.split(".").reduce((at, step) => at?.[step], this.view);
    if (value === undefined || value === null) throw new Error(`the template uses {{${name}}}, which its view does not have`);
    return value;
  }
}

const directory = path.join(__dirname, "../../templates");

/** `templates/<template>.mustache` filled in with `view`; nothing is HTML-escaped, a tag without a value throws. */
export function render(template: string, view: object): string {
  const text = fs.readFileSync(path.join(directory, `${template}.mustache`), "utf8");
  return new Mustache.Writer().render(text, new StrictContext(view), undefined, { escape: String });
}

/** Name and value pairs, sorted by name so that a file does not change when a source's order does. */
export function entries(settings: object): { name: string; value: string }[] {
  return Object.entries(settings)
    .map(([name, value]) => ({ name, value: String(value) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
