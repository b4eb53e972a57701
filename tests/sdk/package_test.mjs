// The package as WeChat's developer tools and TypeScript take it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { here, need, sdk } from './need.mjs';

const manifest = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8'));
const lib = join(sdk, manifest.miniprogram);
const sources = readdirSync(lib).filter((name) => name.endsWith('.js'));
const read = (name) => readFileSync(join(lib, name), 'utf8');

test('"build npm" finds a folder with index.js and its types, and nothing to depend on', () => {
  assert.equal(manifest.main, `${manifest.miniprogram}/index.js`);
  assert.equal(manifest.types, `${manifest.miniprogram}/index.d.ts`);
  assert.ok(manifest.files.includes(manifest.miniprogram));
  assert.equal(manifest.dependencies, undefined);
  assert.ok(readdirSync(lib).includes('index.d.ts'));
  const release = /version: '([^']+)'/.exec(readFileSync(join(here, '../../meson.build'), 'utf8'))[1];
  assert.equal(manifest.version, release);
});

test('the files require only each other', () => {
  for (const name of sources)
    for (const [, path] of read(name).matchAll(/require\('([^']+)'\)/g))
      assert.ok(sources.includes(`${path.slice(2)}.js`) && path.startsWith('./'), `${name}: ${path}`);
});

test('the files run as they are on clients that know ES2015', () => {
  const ts = need('typescript');
  const print = (name, target) => ts.transpileModule(read(name), {
    compilerOptions: { target, module: ts.ModuleKind.CommonJS } }).outputText;
  for (const name of sources)
    assert.equal(print(name, ts.ScriptTarget.ES2015), print(name, ts.ScriptTarget.ESNext), name);
});

test('SDK, example and a TypeScript page pass tsc --strict with miniprogram-api-typings', () => {
  need('miniprogram-api-typings');
  const tsc = join(here, 'node_modules/typescript/bin/tsc');
  need('typescript');
  const run = spawnSync(process.execPath, [tsc, '--noEmit', '--strict', '-p', join(here, 'types')],
    { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stdout + run.stderr);
});

test('the types stand alone, without miniprogram-api-typings', () => {
  const tsc = join(here, 'node_modules/typescript/bin/tsc');
  need('typescript');
  const run = spawnSync(process.execPath,
    [tsc, '--noEmit', '--strict', '--target', 'es2015', join(lib, 'index.d.ts')],
    { encoding: 'utf8', cwd: sdk });
  assert.equal(run.status, 0, run.stdout + run.stderr);
});
