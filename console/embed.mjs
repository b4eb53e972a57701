// Builds the console's pages and writes them as a C file that holds them: the table of src/api/console.h.
//
//   node embed.mjs OUTPUT_C DEPFILE
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const [output, depfile] = process.argv.slice(2);
const root = path.dirname(fileURLToPath(import.meta.url));
const page = 'index.html';

const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

// What the build has read, for ninja: it builds again when one of these changes.
const read = new Set(['node_modules/.package-lock.json', 'vite.config.ts', page].map((name) => path.join(root, name)));
const watcher = {
  name: 'names-of-sources',
  buildEnd() {
    for (const id of [...this.getModuleIds(), ...this.getWatchFiles()]) {
      const file = id.replace(/[?\0].*$/, '');
      if (file.startsWith(`${root}/`) && !file.includes('/node_modules/')) read.add(file);
    }
  },
};

async function builtFiles() {
  const result = await build({
    root, logLevel: 'warn', plugins: [watcher], build: { write: false },
  });
  return result.output
    .map((file) => ({ name: file.fileName, bytes: Buffer.from(file.code ?? file.source) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function typeOf(name) {
  const type = types[path.extname(name)];
  if (!type) throw new Error(`${name}: embed.mjs has no type for such a file`);
  return type;
}

function bytesInC(bytes) {
  const rows = [];
  for (let at = 0; at < bytes.length; at += 64) rows.push(`${bytes.subarray(at, at + 64).join(',')},`);
  return rows.join('\n');
}

function tableInC(files) {
  const arrays = files.map(({ bytes }, i) => `static const unsigned char file_${i}[] = {\n${bytesInC(bytes)}\n};\n`);
  const rows = files.map(({ name, bytes }, i) => `    {.name = ${JSON.stringify(name === page ? '' : name)}, \
.type = ${JSON.stringify(typeOf(name))},\n     .lasting = ${name !== page}, .bytes = file_${i}, .size = ${bytes.length}},\n`);
  return `#include "api/console.h"\n\n${arrays.join('\n')}
const struct hy_console_file hy_console_files[] = {\n${rows.join('')}    {0}};\n`;
}

const escaped = (file) => file.replaceAll(' ', '\\ ');

await writeFile(output, tableInC(await builtFiles()));
await writeFile(depfile, `${escaped(output)}: ${[...read].sort().map(escaped).join(' ')}\n`);
