/** One way in which the live database is another than declared. */
export interface Drift {
  /** The database, or "cluster"; "postgres-1" of what one server has. */
  where: string;
  /** "column app.accounts.name". */
  object: string;
  change: "missing" | "unexpected" | "different";
  /** What of it differs. */
  attribute?: string;
  declared?: string;
  live?: string;
  /** SQL or a command that would mend it; nothing is done by itself. */
  mend: string;
}

/** One line for a person. */
export function describeDrift({ where, object, change, attribute, declared, live }: Drift): string {
  const lists = attribute === "rights";
  const [is, was] = lists ? [besides(live, declared), besides(declared, live)] : [live, declared];
  const what = change === "missing" ? "is missing" : change === "unexpected" ? "is not declared" : `${attribute} is ${shorten(is)}, declared ${shorten(was)}`;
  return `${where}: ${object} ${what}`;
}

/** The words of one list that the other one has not. */
function besides(list = "", other = ""): string {
  return list.split(" ").filter((each) => !other.split(" ").includes(each)).join(" ") || "none";
}

function shorten(text = ""): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
