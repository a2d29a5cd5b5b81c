import { z } from "zod";
import { parseSize } from "./units";

/** A size in the configuration, such as "2GiB"; bytes from then on. */
export const size = z.string().transform((text, context) => {
  const bytes = parseSize(text);
  if (bytes === undefined) context.addIssue({ code: "custom", message: `"${text}" is not a size; write for example "2GiB"` });
  return bytes ?? 0;
});
