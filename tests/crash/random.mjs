// Chances that a seed repeats: HY_SEED, else a new one each run. (What the machine does in between
// is not repeated, so a run is alike, not the same.)
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** In [0, 1). A Weyl sequence through two rounds of xor-shift-multiply. */
  next() {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    let x = this.state;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  range(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability) {
    return this.next() < probability;
  }

  pick(list) {
    return list[this.range(0, list.length - 1)];
  }
}

export function seedOfRun() {
  const given = Number(process.env.HY_SEED);
  return Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 2 ** 31);
}
