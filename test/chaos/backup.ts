import pg from "pg";

/**
 * A copy of a database beside it, on the same server. It is taken and put in place while clients live: they are thrown out, and
 * refused for a moment, as when an operator restores a dump and swaps the names.
 */
export class Backup {
  readonly #url: string;
  readonly #name: string;

  private constructor(url: string) {
    this.#url = url;
    this.#name = new URL(url).pathname.slice(1);
  }

  static async take(url: string): Promise<Backup> {
    const backup = new Backup(url);
    const { original, copy } = backup.#quoted;
    await backup.#alone((admin) => admin.query(`create database ${copy} template ${original}`));
    return backup;
  }

  /** Puts the copy in the place of the database, which is gone with all that it got since. */
  async restore(): Promise<void> {
    const { original, copy } = this.#quoted;
    await this.#alone(async (admin) => {
      await admin.query(`drop database ${original} with (force)`);
      await admin.query(`alter database ${copy} rename to ${original}`);
    });
  }

  get #quoted() {
    return {
      original: pg.escapeIdentifier(this.#name),
      copy: pg.escapeIdentifier(`${this.#name} backup`),
    };
  }

  /** Works on the database while nobody else is connected to it. */
  async #alone(work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
    const { original } = this.#quoted;
    const other = new URL(this.#url);
    other.pathname = "/template1";
    const admin = new pg.Client({ connectionString: other.href });
    await admin.connect();
    try {
      await admin.query(`alter database ${original} with allow_connections false`);
      for (let left = 1; left > 0;) {
        await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [
          this.#name,
        ]);
        const { rows } = await admin.query<{ left: number }>(
          "select count(*)::int as left from pg_stat_activity where datname = $1",
          [this.#name],
        );
        left = rows[0].left;
      }
      await work(admin);
      await admin.query(`alter database ${original} with allow_connections true`);
    } finally {
      await admin.end();
    }
  }
}
