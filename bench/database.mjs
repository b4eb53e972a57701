// database.mjs - the PostgreSQL server that tests/postgres/with-postgres started, and what it costs.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpuTicks } from './lib.mjs';

// The server of the tests is small; one that works for a living has at least so much.
const settings = { shared_buffers: '512MB', max_wal_size: '4GB', checkpoint_timeout: '15min' };

export class Database {
  constructor(url = process.env.HY_POSTGRES_URL, control = process.env.HY_POSTGRES_CTL) {
    if (!url || !control) throw new Error('run it under tests/postgres/with-postgres');
    [, this.folder] = /\?host=(.*)$/.exec(url);
    this.control = control.split(' ');
    for (const [name, value] of Object.entries(settings)) this.ask(`ALTER SYSTEM SET ${name} = '${value}'`);
    this.restart();
  }

  restart() {
    const [program, ...args] = this.control;
    for (const what of ['stop', 'start']) execFileSync(program, [...args, what], { stdio: 'ignore' });
    this.pid = Number(readFileSync(`${this.folder}/data/postmaster.pid`, 'utf8').split('\n')[0]);
  }

  url(name) {
    return `postgresql://hongyan@/${name}?host=${this.folder}`;
  }

  /** The rows, each an array of texts. */
  ask(sql, name = 'hongyan') {
    const out = execFileSync('psql', ['-X', '-A', '-t', '-q', '-F', '\t', '-c', sql, this.url(name)],
      { encoding: 'utf8' });
    return out.split('\n').filter(Boolean).map((line) => line.split('\t'));
  }

  make(name) {
    this.ask(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
    this.ask('CHECKPOINT');
  }

  drop(name) {
    this.ask(`DROP DATABASE ${name} WITH (FORCE)`);
  }

  /** CPU of all its processes, of those that have ended too, in 1/100 s. */
  ticks() {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').split(' ').filter(Boolean);
    return children.reduce((sum, pid) => sum + ticksOf(pid), cpuTicks(this.pid) + Number(fields[13]) +
      Number(fields[14]));
  }

  /** Bytes of its log so far. */
  wal() {
    return Number(this.ask("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")[0][0]);
  }

  /** Of the database `name` since it was made, and syncs of the log since the server was. Sessions report
   * them some seconds later. */
  commits(name) {
    const [[commits, syncs]] = this.ask("SELECT xact_commit, (SELECT coalesce(to_jsonb(w)->>'wal_sync', '0') " +
      `FROM pg_stat_wal w) FROM pg_stat_database WHERE datname = '${name}'`);
    return { commits: Number(commits), syncs: Number(syncs) };
  }

  /** Bytes: of messages and attempts with their indexes, of everything. */
  sizes(name) {
    const [[kept, all]] = this.ask("SELECT sum(pg_total_relation_size(oid)) FILTER (WHERE relname ~ " +
      "'^(message|attempt)_'), sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND " +
      "relnamespace = 'public'::regnamespace", name);
    return { kept: Number(kept), all: Number(all) };
  }
}

function ticksOf(pid) {
  try {
    return cpuTicks(pid);
  } catch {
    return 0; // it has just ended, and counts as its parent's
  }
}
