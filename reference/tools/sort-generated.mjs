// Gives what `prisma generate` (6.19) wrote a fixed order. Usage: node sort-generated.mjs FOLDER
//
// Prisma keeps the options of its generator in a map without an order, and writes them into the client as they come: two builds
// of one commit differ, now and then, in the order of three lines.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const file = join(process.argv[2] ?? '.', 'internal/class.ts');
const text = readFileSync(file, 'utf8');
const options = /^( +)"config": (\{[^{}]*\})/m;
const found = options.exec(text);
if (!found?.[1] || !found[2]) {
  throw new Error(`${file} holds no options of the generator: is it another version of Prisma's?`);
}
const sorted = Object.fromEntries(Object.entries(JSON.parse(found[2])).sort(([a], [b]) => (a < b ? -1 : 1)));
const lines = JSON.stringify(sorted, null, 2).replaceAll('\n', `\n${found[1]}`);
writeFileSync(file, text.replace(options, `${found[1]}"config": ${lines}`));
