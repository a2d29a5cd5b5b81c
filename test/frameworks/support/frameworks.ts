import * as fs from "node:fs";
import * as path from "node:path";
import { must, once } from "../../e2e/support/languages";

/** One run of a program of a framework. */
export interface Step {
  command: string;
  args: string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** How a framework brings its schema from nothing to its first version, on to its second, and back. `table`: what its files make. */
export interface Framework {
  name: string;
  table: string;
  /** Gets its packages, in the pinned versions; the rest is as these stand. */
  fetch(): Promise<Steps>;
}

export interface Steps {
  first: Step;
  second: Step;
  /** Takes both back; none where the tool cannot. */
  back?: Step;
  /** Writes so many rows by the framework's own way over the poolers, and prints the number of each that is committed. */
  write?(rows: number): Step;
}

const home = path.join(__dirname, "..");
const at = (...names: string[]) => path.join(home, ...names);
const text = (...names: string[]) => fs.readFileSync(at(...names), "utf8");

async function python(): Promise<(...args: string[]) => Step> {
  const version = await must("python3", ["--version"]);
  const PYTHONPATH = await once("frameworks-python", version + text("requirements.txt"), (target) =>
    must("python3", ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", target, "--requirement", at("requirements.txt")]));
  return (...args) => ({ command: "python3", args, env: { PYTHONPATH, PYTHONDONTWRITEBYTECODE: "1" } });
}

const django: Framework = {
  name: "Django",
  table: "django_item",
  async fetch() {
    const run = await python();
    const migrate = (to: string) => run(at("django", "manage.py"), "migrate", "--database=migrate", "shop", to);
    return { first: migrate("0001"), second: migrate("0002"), back: migrate("zero"), write: (rows) => run(at("django", "manage.py"), "write", String(rows)) };
  },
};

const alembic: Framework = {
  name: "Alembic and SQLAlchemy with asyncpg",
  table: "alembic_item",
  async fetch() {
    const run = await python();
    const migrate = (...args: string[]) => run("-m", "alembic", "-c", at("alembic", "alembic.ini"), ...args);
    return { first: migrate("upgrade", "0001"), second: migrate("upgrade", "0002"), back: migrate("downgrade", "base"), write: (rows) => run(at("alembic", "write.py"), String(rows)) };
  },
};

const knex: Framework = {
  name: "knex",
  table: "knex_item",
  async fetch() {
    const folder = await once("frameworks-knex", ["package.json", "knexfile.js", "write.js"].map((name) => text("knex", name)).join(), async (target) => {
      fs.cpSync(at("knex"), target, { recursive: true });
      await must("npm", ["install", "--silent", "--no-audit", "--no-fund"], { cwd: target });
    });
    const migrate = (...args: string[]) => ({ command: process.execPath, args: ["node_modules/knex/bin/cli.js", ...args], cwd: folder });
    return {
      first: migrate("migrate:up", "0001_item.js"), second: migrate("migrate:latest"), back: migrate("migrate:rollback", "--all"),
      write: (rows) => ({ command: process.execPath, args: ["write.js", String(rows)], cwd: folder }),
    };
  },
};

const GOLANG_MIGRATE = "4.18.3";

const golangMigrate: Framework = {
  name: "golang-migrate",
  table: "golang_item",
  async fetch() {
    const folder = await once("frameworks-golang-migrate", GOLANG_MIGRATE, (target) =>
      must("go", ["install", "-tags", "pgx5", `github.com/golang-migrate/migrate/v4/cmd/migrate@v${GOLANG_MIGRATE}`],
        { env: { ...process.env, GOBIN: target, GOFLAGS: "", GOWORK: "off", CGO_ENABLED: "0" }, timeout: 500_000 }));
    // The driver pgx5 is chosen by the scheme of the URL
    const run = (...commands: string[]) => ({
      command: "sh",
      args: ["-ec", commands.map((each) => `"$0" -path "$1" -database "pgx5\${MIGRATE_URL#postgresql}" ${each}`).join("\n"), path.join(folder, "migrate"), at("golang-migrate")],
    });
    // A version whose run was cut off is marked as dirty until it is said which one is there
    return { first: run("goto 1"), second: run("force 1", "up"), back: run("down -all") };
  },
};

const maven = async (...args: string[]): Promise<Step> =>
  ({ command: "mvn", args: ["--batch-mode", "--quiet", "--file", at("maven", "pom.xml"), ...args] });

const flyway: Framework = {
  name: "Flyway",
  table: "flyway_item",
  fetch: async () => ({ first: await maven("flyway:migrate", "-Dflyway.target=1"), second: await maven("flyway:migrate") }),
};

const liquibase: Framework = {
  name: "Liquibase",
  table: "liquibase_item",
  fetch: async () => ({
    first: await maven("liquibase:update", "-Dliquibase.changesToApply=1"),
    second: await maven("liquibase:releaseLocks", "liquibase:update"),
    back: await maven("liquibase:rollback", "-Dliquibase.rollbackCount=2"),
  }),
};

export const frameworks = [django, alembic, knex, golangMigrate, flyway, liquibase];
