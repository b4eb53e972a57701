// The READMEs promise commands and options: each has to be there, and both say the same.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { ADMIN, BINARY, run, startServer, startSim } from './process.mjs';

const read = (name) => readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');

// The lines of all shell blocks, comments cut off, continued lines joined.
function shellLines(text) {
  return [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)]
    .flatMap(([, block]) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
    .map((line) => line.replace(/(^|\s)# .*$/, '').trim())
    .filter(Boolean);
}

// "hongyan GROUP NAME ..." in blocks and in running text.
function commands(text) {
  const inline = [...text.matchAll(/`(hongyan [^`\n]+)`/g)].map((match) => match[1]);

  return [...shellLines(text), ...inline].flatMap((line) =>
    [...line.matchAll(/(?:^|\| )hongyan ([a-z][^|]*)/g)].map(([, rest]) => ({
      line,
      words: /^(serve|sim|help)\b/.test(rest) ? [rest.match(/^\w+/)[0]] : rest.split(/\s+/).slice(0, 2),
      options: [...rest.matchAll(/(?:^|\s)--([a-z-]+)/g)].map((option) => option[1]),
    })));
}

for (const name of ['README.md', 'README.zh-CN.md']) {
  test(`${name}: every command and option exists`, async () => {
    const all = commands(read(name)).filter(({ words }) => words[0] !== 'help');
    assert.ok(all.length > 25, `${all.length} commands found`);
    for (const { line, words, options } of all) {
      const help = await run(['help', ...words]);
      assert.equal(help.code, 0, `${line}: ${help.stderr}`);
      for (const option of options)
        assert.match(help.stdout, new RegExp(`--(\\[no-\\])?${option}\\b`), line);
    }
  });

  test(`${name}: the day by hand works as it is written`, async (t) => {
    const sim = await startSim(t);
    const server = await startServer(t, { store: 'memory:', sim });
    const day = /```sh\n(export HONGYAN_KEY=hy_\.\.\.\n[\s\S]*?)```/.exec(read(name))[1]
      .replace('export HONGYAN_KEY=hy_...', 'set -eu; hongyan() { "$HONGYAN_BIN" "$@"; }')
      .replaceAll('http://127.0.0.1:8090', sim.url).replaceAll('http://127.0.0.1:8080', server.url);
    const done = await run(['-c', day], { command: 'bash',
      env: { HONGYAN_BIN: BINARY, HONGYAN_URL: server.url, HONGYAN_KEY: ADMIN } });

    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, /\bm\w{13} sent$/m);
    assert.match(done.stdout, /^available now: 1$/m);
    assert.match(done.stdout, /nothing speaks against it/);
  });

  test(`${name}: the files it points to exist`, () => {
    for (const [, path] of read(name).matchAll(/\]\(([^):]+)\)/g)) read(path);
  });
}

test('both READMEs show the same commands and the same headings', () => {
  const [en, zh] = ['README.md', 'README.zh-CN.md'].map(read);
  const count = (text, what) => [...text.matchAll(what)].length;

  assert.deepEqual(shellLines(zh), shellLines(en));
  for (const what of [/^## /gm, /^```/gm, /^- /gm, /^\| /gm])
    assert.equal(count(zh, what), count(en, what), String(what));
});
