// Adds up the testlog.json files that `meson test` leaves and prints "N passed, N failed", with
// ", N skipped" when there were any. Ends with 1 when something failed or nothing passed.
//
//   node script/sum-tests.mjs [--broken N] LOG...      N: failures that left no log
//
// A test that speaks TAP counts with its innermost test points, any other test counts one. A test
// that crashed, ran out of time or broke its plan counts as a failure whatever it printed before.
import { readFileSync } from 'node:fs';

const POINT = /^((?: {4})*)(not ok|ok)\b(.*)$/;
const DIRECTIVE = /\s#\s*(skip|todo)\b/i;
const PLAN = /^1\.\.\d+/m;

function pointsOf(stdout) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const below = []; // below[d]: points seen at depth d since the last point one level up
  let seen = false;

  for (const line of stdout.split('\n')) {
    const match = POINT.exec(line);
    if (!match) continue;
    const [, indent, verdict, text] = match;
    const depth = indent.length / 4;
    const inner = below[depth + 1] ?? { all: 0, failed: 0 };
    const kind = DIRECTIVE.test(text) ? 'skipped' : verdict === 'ok' ? 'passed' : 'failed';

    seen = true;
    below[depth + 1] = undefined;
    below[depth] ??= { all: 0, failed: 0 };
    below[depth].all++;
    if (kind === 'failed') below[depth].failed++;
    // A point that sums up inner ones is not a test of its own, unless it failed by itself.
    if (inner.all === 0 || (kind === 'failed' && inner.failed === 0)) counts[kind]++;
  }
  return seen || PLAN.test(stdout) ? counts : null;
}

function countsOf(test) {
  const fine = ['OK', 'EXPECTEDFAIL'].includes(test.result);
  const skipped = test.result === 'SKIP';
  const counts = pointsOf(test.stdout ?? '');

  if (!counts) return { passed: +fine, failed: +(!fine && !skipped), skipped: +skipped };
  if (skipped && counts.passed + counts.skipped === 0) counts.skipped = 1;
  const killed = test.result === 'TIMEOUT' || test.result === 'INTERRUPT' || test.returncode < 0;
  if (!fine && !skipped && (killed || counts.failed === 0)) counts.failed++;
  return counts;
}

const args = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
const bad = [];

if (args[0] === '--broken') {
  total.failed += Number(args[1]);
  args.splice(0, 2);
}
for (const file of args) {
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const test = JSON.parse(line);
    const counts = countsOf(test);
    for (const kind of Object.keys(total)) total[kind] += counts[kind];
    if (counts.failed) bad.push(`${file}: ${test.name}: ${test.result}, ${counts.failed} failed`);
  }
}
for (const line of bad) console.log(line);
const skips = total.skipped ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skips}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
