// The npm packages that some tests here need. script/test installs them; without them those tests
// fail and say so.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const sdk = join(here, '../../sdk/miniprogram');

const load = createRequire(import.meta.url);

export function need(name) {
  if (!existsSync(join(here, 'node_modules', name)))
    throw new Error(`the npm package ${name} is missing: run script/test, or npm ci in ${here}`);
  return load(name);
}
