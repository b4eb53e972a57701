// What the simulator pushed, and what became of each: it keeps the last 1000 that ended, so it is
// asked now and then.
import { sleep } from './http.mjs';

const everyMs = 1500;

export class PushLog {
  constructor(sim, app) {
    Object.assign(this, { sim, app, pushes: new Map(), stopping: false });
  }

  start() {
    this.running = (async () => {
      while (!this.stopping) {
        await this.read();
        await sleep(everyMs);
      }
    })();
  }

  async stop() {
    this.stopping = true;
    await this.running;
    await this.read();
  }

  /** How many are still on their way. */
  async read() {
    let left = 0;
    for (const push of (await this.sim.get(`pushes?appid=${this.app}`)).pushes) {
      if (push.state === 'waiting' || push.state === 'flying') left++;
      else if (!this.pushes.has(push.id)) this.pushes.set(push.id, ended(push));
    }
    return left;
  }

  of(event) {
    return [...this.pushes.values()].filter((push) => push.event === event);
  }
}

function ended({ event, openid, state, tries, status, answer, error, plain }) {
  const said = JSON.parse(plain);
  return { event, user: openid, state, tries, status, answer, error, atS: Number(said.CreateTime),
    items: [said.List].flat() };
}
