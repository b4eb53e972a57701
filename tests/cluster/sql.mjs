// A session of its own in the database: to look, and to be in the way.
import { spawn } from 'node:child_process';

const end = '-- end of the answer --';

export class Sql {
  constructor(url) {
    this.child = spawn(process.env.HY_POSTGRES_PSQL, ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', url], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.text = '';
    this.waiting = null;
    this.last = Promise.resolve();
    this.child.stdout.on('data', (chunk) => {
      this.text += chunk;
      const at = this.text.indexOf(`${end}\n`);
      if (at < 0 || !this.waiting) return;
      const lines = this.text.slice(0, at).split('\n').slice(0, -1);
      this.text = this.text.slice(at + end.length + 1);
      this.waiting(lines);
    });
    this.child.on('exit', () => this.waiting?.(null));
  }

  /** The rows as lines; one question after the other. */
  ask(sql) {
    const answer = this.last.then(() => this.send(sql));
    this.last = answer.catch(() => {});
    return answer;
  }

  async send(sql) {
    const lines = await new Promise((resolve) => {
      this.waiting = resolve;
      this.child.stdin.write(`${sql};\n\\echo ${end}\n`);
    });
    this.waiting = null;
    if (!lines) throw new Error(`psql ended: ${sql}`);
    return lines;
  }

  async one(sql) {
    return (await this.ask(sql))[0];
  }

  close() {
    this.child.stdin.end();
  }
}
