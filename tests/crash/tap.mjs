// Test points in TAP, as tests/tap.h prints them for C.
let points = 0;
let failures = 0;

export function note(text) {
  for (const line of String(text).split('\n')) console.log(`# ${line}`);
}

/** Counts a point. `why`, a text or a list of which ten are shown, is for when it failed. */
export function ok(pass, what, why) {
  points++;
  console.log(`${pass ? 'ok' : 'not ok'} ${points} - ${what}`);
  if (pass) return true;
  failures++;
  const lines = Array.isArray(why) ? why : why === undefined ? [] : [why];
  for (const line of lines.slice(0, 10)) note(line);
  if (lines.length > 10) note(`... and ${lines.length - 10} more`);
  return false;
}

/** True when there is nothing in `faults`. */
export function none(faults, what) {
  return ok(faults.length === 0, what, faults);
}

export function equal(is, wanted, what) {
  const same = JSON.stringify(is) === JSON.stringify(wanted);
  return ok(same, what, `is ${JSON.stringify(is)}, should be ${JSON.stringify(wanted)}`);
}

/** The plan, and the exit code. */
export function done() {
  console.log(`1..${points}`);
  process.exitCode = failures || !points ? 1 : 0;
}
