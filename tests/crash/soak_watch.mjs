// What is watched during a soak, and how it is judged: what still grows late in the run grows for ever.
import fs from 'node:fs';
import { none, note, ok } from './tap.mjs';

const sampleMs = 10000;
const logMs = 50;
/* Between the median of the second quarter of the run and that of the last. */
const limits = { rssMb: 16, threads: 0 };
const fileMaxBytes = 4000; // a message that is kept, with all that belongs to it
/* At any moment: src/store/sqlite/checkpoint.h and docs/operations.md promise it. */
const logMaxMb = 160;

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const tenths = (value) => Math.round(value * 10) / 10;

function sizeMb(file) {
  try {
    return fs.statSync(file).size / 2 ** 20;
  } catch {
    return 0;
  }
}

export const descriptors = (pid) => fs.readdirSync(`/proc/${pid}/fd`).length;

/** Samples of one process and its store; `count` says how many messages there were so far. */
export class Watch {
  constructor(pid, file, count) {
    Object.assign(this, { pid, file, count, samples: [], logMb: 0 });
    this.last = { at: Date.now(), messages: count().messages };
    this.timers = [setInterval(() => this.lookAtLog(), logMs), setInterval(() => this.sample(), sampleMs)];
  }

  /** Its file never shrinks below 100 MB by itself, but above that it does. */
  lookAtLog() {
    this.logMb = Math.max(this.logMb, sizeMb(`${this.file}-wal`));
  }

  sample() {
    const status = fs.readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
    const counted = this.count();
    const at = Date.now();
    const { at: before, messages } = this.last;
    this.last = { at, messages: counted.messages };
    this.samples.push({ rate: Math.round(((counted.messages - messages) * 1000) / (at - before)),
      rssMb: tenths(field('VmRSS') / 1024), descriptors: descriptors(this.pid), threads: field('Threads'),
      fileMb: tenths(sizeMb(this.file)), walMb: tenths(sizeMb(`${this.file}-wal`)), ...counted });
    note(JSON.stringify(this.samples.at(-1)));
  }

  end() {
    for (const timer of this.timers) clearInterval(timer);
  }

  judge() {
    const { samples } = this;
    if (!ok(samples.length >= 8, 'the run was long enough to judge', `${samples.length} samples`))
      return;
    const quarters = [0, 1, 2, 3].map((i) =>
      samples.slice(Math.floor((i * samples.length) / 4), Math.floor(((i + 1) * samples.length) / 4)));
    const medians = (name) => quarters.map((part) => median(part.map((one) => one[name])));
    for (const [name, limit] of Object.entries(limits)) {
      const [, early, , late] = medians(name);
      ok(late - early <= limit, `${name} is flat`, `${early} became ${late}`);
    }
    none(this.logMb > logMaxMb ? [`${tenths(this.logMb)} MB`] : [], `the log never has more than ${logMaxMb} MB`);
    const [first, end] = [quarters[1][0], samples.at(-1)];
    const bytes = ((end.fileMb - first.fileMb) * 2 ** 20) / Math.max(1, end.messages - first.messages);
    ok(bytes <= fileMaxBytes, 'the file grows with what is kept', `${bytes} bytes a message`);
    for (const name of ['rate', 'rssMb', 'descriptors', 'threads'])
      note(`${name}: ${medians(name).join(', ')} in the quarters of the run, at most ` +
        `${Math.max(...samples.map((one) => one[name]))}`);
    note(`file: ${samples[0].fileMb} MB became ${end.fileMb}, log at most ${tenths(this.logMb)} MB, ` +
      `${Math.round(bytes)} bytes a message with all that belongs to it`);
  }
}
