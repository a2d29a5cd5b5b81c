import assert from "node:assert/strict";
import { localeOf } from "../../../../infra/cluster/locale";
import { creation } from "../../../../infra/live/schema/creation";

describe("a database's locale", () => {
  const made = (declared: Parameters<typeof localeOf>[0]) => creation(localeOf(declared)!);

  it("is the cluster's where nothing is declared", () => assert.equal(localeOf({}), undefined));

  it("comes from Postgres itself where it has it, otherwise from ICU, by its standard name", () => {
    assert.equal(made({ locale: "C" }), "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C' LC_COLLATE 'C' LC_CTYPE 'C'");
    assert.equal(made({ locale: "de_at" }), "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-AT' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'");
    assert.equal(made({ encoding: "LATIN1" }), "TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C' LC_COLLATE 'C' LC_CTYPE 'C'");
    assert.equal(made({ locale: "C", localeProvider: "libc" }), "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'");
  });
});
